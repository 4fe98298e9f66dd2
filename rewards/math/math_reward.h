// 1 when the final answer equals the gold answer; else 0 with the reason.
#pragma once

#include "rewards/reward.h"

namespace cohort {

class MathReward : public CompletionReward {
 public:
  RewardResult score(const RewardInput& input) const override;
  // The gold answer as its own completion; it may be a whole solution.
  RewardResult score_gold(const RewardInput& row) const override;
};

struct MathSettings : RewardSettings {
  void describe(Fields&) override {}
  std::unique_ptr<Reward> make() const override { return std::make_unique<MathReward>(); }
  bool judges_answers() const override { return true; }
};

}  // namespace cohort
