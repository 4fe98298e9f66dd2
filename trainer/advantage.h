// Advantages of groups, in double (reference/grpo_formulas.md). A group whose largest and smallest reward are equal gets exactly 0.
#pragma once

#include <string>
#include <vector>

#include "core/config/fields.h"

namespace cohort {

struct AdvantageConfig {
  std::string adv_estimator = "grpo";  // grpo, rloo, reinforce++
  bool norm_adv_by_std_in_grpo = true;  // false: Dr. GRPO
  double epsilon = 1e-6;
  void describe(Fields& f);
};

// rewards[g][i]; mask, where given, leaves out completions (overlong) from mean and std. Same shape out.
std::vector<std::vector<double>> compute_advantages(const AdvantageConfig& config,
                                                    const std::vector<std::vector<double>>& rewards);

}  // namespace cohort
