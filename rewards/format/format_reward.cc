#include "rewards/format/format_reward.h"

namespace cohort {

namespace {

constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
constexpr std::string_view kAnswer = "<answer>", kEndAnswer = "</answer>";

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
bool has_think(std::string_view text) { return has(text, kThink) || has(text, kEndThink); }
bool has_answer(std::string_view text) { return has(text, kAnswer) || has(text, kEndAnswer); }
bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

// Cuts the text before the first `mark` off `text`, and the mark; false when there is none.
bool cut_at(std::string_view& text, std::string_view mark, std::string_view& before) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return false;
  before = text.substr(0, at);
  text.remove_prefix(at + mark.size());
  return true;
}

}  // namespace

Reason check_format(std::string_view text) {
  std::string_view before, thinking, between, answer;
  if (!cut_at(text, kThink, before)) return Reason::no_think;
  if (!is_blank(before))
    return has_answer(before) ? Reason::think_out_of_place : Reason::text_outside_tags;
  if (!cut_at(text, kEndThink, thinking)) return Reason::no_think;
  if (!cut_at(text, kAnswer, between)) return Reason::no_answer;
  if (has_think(between)) return Reason::think_out_of_place;
  if (!is_blank(between)) return Reason::text_outside_tags;
  if (!cut_at(text, kEndAnswer, answer)) return Reason::unterminated_answer;
  if (has_think(answer) || has_think(text)) return Reason::think_out_of_place;
  if (has(thinking, kThink) || has_answer(thinking) || has(answer, kAnswer) || has_answer(text))
    return Reason::repeated_tag;
  if (!is_blank(text)) return Reason::text_outside_tags;
  return is_blank(answer) ? Reason::empty_answer : Reason::ok;
}

RewardResult FormatReward::score(const RewardInput& input) const {
  const Reason reason = input.truncated ? Reason::truncated : check_format(input.completion);
  if (reason != Reason::ok) return {0, Verdict::incorrect, reason};
  return {1, Verdict::correct, Reason::ok};
}

}  // namespace cohort
