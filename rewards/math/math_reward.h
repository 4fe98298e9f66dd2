// 1 when the final answer is the gold number, exactly; else 0 with the reason.
#pragma once

#include "rewards/reward.h"

namespace cohort {

class MathReward : public Reward {
 public:
  RewardResult score(const RewardInput& input) const override;
};

}  // namespace cohort
