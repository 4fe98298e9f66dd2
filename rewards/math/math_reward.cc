#include "rewards/math/math_reward.h"

#include "rewards/math/verify.h"

namespace cohort {

RewardResult MathReward::score(const RewardInput& input) const {
  return math::verify(input.answer, input.completion, {.truncated = input.truncated}).result;
}

RewardResult MathReward::score_gold(const RewardInput& row) const {
  return math::verify_gold(row.answer).result;
}

}  // namespace cohort
