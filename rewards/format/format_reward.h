// R1's format rule (arXiv 2501.12948, section 2.2.2): 1 when the whole completion is
// <think>...</think><answer>...</answer>, else 0 with the reason.
#pragma once

#include "rewards/reward.h"

namespace cohort {

struct FormatRule {
  bool answer_tags = true;         // false: what follows </think> is the answer, without tags
  bool allow_empty_think = false;  // blank thinking has the format
  bool newlines = false;           // open-r1's layout: each tag on a line of its own
  std::string code_block = {};     // not empty: the answer holds a block ```code_block
};

// The rule alone, in linear time. Blanks may stand before, between and after the two blocks, and
// nothing else; each tag appears once; no tag stands in a body; the answer is not blank.
Reason check_format(std::string_view completion, const FormatRule& rule = {});

class FormatReward : public CompletionReward {
 public:
  explicit FormatReward(FormatRule rule = {}) : rule_(std::move(rule)) {}
  RewardResult score(const RewardInput& input) const override;

 private:
  FormatRule rule_;
};

struct FormatSettings : RewardSettings {
  FormatRule rule;
  void describe(Fields& f) override;
  std::unique_ptr<Reward> make() const override { return std::make_unique<FormatReward>(rule); }
};

}  // namespace cohort
