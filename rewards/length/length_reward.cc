#include "rewards/length/length_reward.h"

#include <cmath>
#include <numbers>

#include "rewards/length/overlong.h"

namespace cohort {

namespace {

class OverlongReward : public CompletionReward {
 public:
  explicit OverlongReward(const OverlongSettings& settings) : settings_(settings) {}
  RewardResult score(const RewardInput& input) const override {
    const double value = soft_overlong(input.tokens, settings_.max_length, settings_.cache);
    if (value == 0) return {0, Verdict::correct, Reason::ok};
    return {value, Verdict::incorrect, Reason::overlong};
  }

 private:
  OverlongSettings settings_;
};

// A reward of the length of answers that the accuracy component has decided.
class DecidedLengthReward : public Reward {
 public:
  void score_group(const RewardGroup& group, std::span<RewardResult> results) const final {
    for (size_t i = 0; i < group.completions.size(); ++i) {
      RewardResult& result = results[i];
      result = {.value = 0, .verdict = Verdict::not_applicable, .reason = Reason::no_accuracy};
      if (i >= group.accuracy.size()) continue;
      const RewardResult& accuracy = group.accuracy[i];
      result.reason = accuracy.reason;
      const bool right = accuracy.verdict == Verdict::correct;
      if (!right && accuracy.verdict != Verdict::incorrect) continue;
      result = {.value = value(group.completions, i, right),
                .verdict = accuracy.verdict,
                .reason = right ? Reason::length_scored : Reason::wrong_answer};
    }
  }

 private:
  virtual double value(std::span<const RewardInput> group, size_t i, bool right) const = 0;
};

class CosineLengthReward : public DecidedLengthReward {
 public:
  explicit CosineLengthReward(const CosineLengthSettings& settings) : settings_(settings) {}

 private:
  double value(std::span<const RewardInput> group, size_t i, bool right) const override {
    return (right ? settings_.correct : settings_.wrong).at(group[i].tokens, settings_.max_len);
  }
  CosineLengthSettings settings_;
};

class KimiLengthReward : public DecidedLengthReward {
  double value(std::span<const RewardInput> group, size_t i, bool right) const override {
    const auto [least, most] = std::ranges::minmax(group, {}, &RewardInput::tokens);
    const auto span = static_cast<double>(most.tokens - least.tokens);
    if (span == 0) return 0;
    const double lambda = 0.5 - static_cast<double>(group[i].tokens - least.tokens) / span;
    return right ? lambda : std::min(0.0, lambda);
  }
};

}  // namespace

double CosineRange::at(int64_t length, int64_t max_len) const {
  const double part =
      static_cast<double>(std::clamp<int64_t>(length, 0, max_len)) / static_cast<double>(max_len);
  return at_max_len + (at_zero - at_max_len) * (1 + std::cos(std::numbers::pi * part)) / 2;
}

void OverlongSettings::describe(Fields& f) {
  f.field("max_length", max_length, "Tokens from which the punishment is -1 (L_max).",
          at_least_int(1));
  f.field("cache", cache, "Tokens before max_length over which it grows from 0 (L_cache).",
          at_least_int(1));
  if (cache > max_length) f.fail("cache", "is longer than max_length");
}

void CosineLengthSettings::describe(Fields& f) {
  f.field("max_value_correct", correct.at_zero, "Value of a right answer of no length.");
  f.field("min_value_correct", correct.at_max_len, "Value of a right answer of max_len tokens.");
  f.field("min_value_wrong", wrong.at_zero, "Value of a wrong answer of no length.");
  f.field("max_value_wrong", wrong.at_max_len, "Value of a wrong answer of max_len tokens.");
  f.field("max_len", max_len, "Tokens; longer completions are scored as of this length.",
          at_least_int(1));
  if (correct.at_max_len > correct.at_zero)
    f.fail("min_value_correct", "is above max_value_correct");
  if (wrong.at_zero > wrong.at_max_len) f.fail("min_value_wrong", "is above max_value_wrong");
}

std::unique_ptr<Reward> OverlongSettings::make() const {
  return std::make_unique<OverlongReward>(*this);
}
std::unique_ptr<Reward> CosineLengthSettings::make() const {
  return std::make_unique<CosineLengthReward>(*this);
}
std::unique_ptr<Reward> KimiLengthSettings::make() const {
  return std::make_unique<KimiLengthReward>();
}

}  // namespace cohort
