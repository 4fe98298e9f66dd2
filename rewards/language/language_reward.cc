#include "rewards/language/language_reward.h"

#include <fmt/format.h>

#include "rewards/format/tags.h"
#include "rewards/language/language_count.h"

namespace cohort {

namespace {

class LanguageReward : public CompletionReward {
 public:
  explicit LanguageReward(LanguageSettings settings) : settings_(std::move(settings)) {}

  RewardResult score(const RewardInput& input) const override {
    const auto thinking = thinking_of(input.completion);
    if (!thinking) return {0, Verdict::incorrect, Reason::no_think};
    const LanguageCount count = count_language(*thinking, settings_.language);
    RewardResult result;
    result.extracted =
        fmt::format("{} of {} words in {}", count.in_language, count.words, settings_.language);
    if (count.words < settings_.min_words) {
      result.value = settings_.neutral;
      result.verdict = Verdict::not_applicable;
      result.reason = Reason::too_few_words;
      return result;
    }
    const double share = static_cast<double>(count.in_language) / static_cast<double>(count.words);
    const bool consistent = share >= settings_.threshold;
    result.value = settings_.binary ? (consistent ? 1.0 : 0.0) : share;
    result.verdict = consistent ? Verdict::correct : Verdict::incorrect;
    result.reason = consistent ? Reason::ok : Reason::wrong_language;
    return result;
  }

 private:
  LanguageSettings settings_;
};

}  // namespace

void LanguageSettings::describe(Fields& f) {
  f.field("language", language, "Target language of the thinking.", supported_languages());
  f.field("min_words", min_words, "With fewer words the value is `neutral`.", at_least_int(1));
  f.field("neutral", neutral, "Value of a chain of thought with too few words.", between(0, 1));
  f.field("threshold", threshold, "Share from which the verdict is correct.", between(0, 1));
  f.field("binary", binary, "Value 1 or 0 by the threshold, instead of the share.");
}

std::unique_ptr<Reward> LanguageSettings::make() const {
  return std::make_unique<LanguageReward>(*this);
}

}  // namespace cohort
