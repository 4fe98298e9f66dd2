#include "rewards/format/tag_count_reward.h"

#include "rewards/format/tags.h"

namespace cohort {

namespace {

constexpr std::array<std::string_view, 4> kTagsWithNewlines = {"<think>\n", "\n</think>\n",
                                                               "\n<answer>\n", "\n</answer>"};
constexpr double kShare = 0.25;

}  // namespace

RewardResult TagCountReward::score(const RewardInput& input) const {
  const std::string_view text = input.completion;
  RewardResult result{.value = 0, .verdict = Verdict::incorrect, .reason = Reason::ok};
  size_t previous = 0;
  for (const std::string_view tag : rule_.newlines ? kTagsWithNewlines : kTags) {
    const size_t at = text.find(tag);
    const bool once =
        at != std::string_view::npos && text.find(tag, at + tag.size()) == std::string_view::npos;
    const bool in_order = !rule_.ordered || at >= previous;
    if (once && in_order) {
      result.value += kShare;
      previous = at;
    } else if (result.reason == Reason::ok) {
      result.reason = at == std::string_view::npos ? Reason::missing_tag
                      : once                       ? Reason::think_out_of_place
                                                   : Reason::repeated_tag;
    }
  }
  if (result.reason == Reason::ok) result.verdict = Verdict::correct;
  return result;
}

void TagCountSettings::describe(Fields& f) {
  f.field("ordered", rule.ordered, "A tag counts only behind those that belong before it.");
  f.field("newlines", rule.newlines,
          "Count a tag only with the line breaks around it, as open-r1 has it.");
}

}  // namespace cohort
