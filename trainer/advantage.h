// Advantages of groups, in double: GRPO (arXiv 2402.03300), Dr. GRPO (2503.20783), RLOO
// (2402.14740), REINFORCE++ (2501.03262). Rewards that are all equal where they are compared give
// exactly 0, so a group of one does too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/config/fields.h"

namespace cohort {

struct AdvantageConfig {
  std::string adv_estimator = "grpo";   // grpo, rloo, reinforce++
  bool norm_adv_by_std_in_grpo = true;  // false: Dr. GRPO
  double epsilon = 1e-6;
  void describe(Fields& f);
};

// rewards[g][i] is the reward of completion i of group g. Same shape out. A completion that is
// masked in the loss (overlong) still counts in mean and std.
std::vector<std::vector<double>> compute_advantages(
    const AdvantageConfig& config, const std::vector<std::vector<double>>& rewards);

// DAPO's soft overlong punishment, to be added to the reward: 0 up to max_length - buffer tokens,
// then down linearly to -factor at max_length and beyond (rewards/length/overlong.h).
double overlong_punishment(int64_t length, int64_t max_length, int64_t buffer, double factor);

// KL in the reward: sum over counted tokens of k1 = logprob - reference_logprob. The stage
// subtracts kl_coef times it.
double kl_in_reward(std::span<const float> logprob, std::span<const float> reference_logprob,
                    std::span<const uint8_t> mask);

}  // namespace cohort
