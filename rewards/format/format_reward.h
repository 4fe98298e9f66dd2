// R1's format rule: 1 when the whole completion is <think>...</think><answer>...</answer>, else 0
// with the reason.
#pragma once

#include "rewards/reward.h"

namespace cohort {

class FormatReward : public CompletionReward {
 public:
  RewardResult score(const RewardInput& input) const override;
};

struct FormatSettings : RewardSettings {
  void describe(Fields&) override {}
  std::unique_ptr<Reward> make() const override { return std::make_unique<FormatReward>(); }
};

// The rule alone. Blanks may stand before, between and after the two blocks, and nothing else; each
// tag appears once; the thinking may be empty, the answer may not.
Reason check_format(std::string_view completion);

}  // namespace cohort
