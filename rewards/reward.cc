#include "rewards/reward.h"

#include "core/base/error.h"

namespace cohort {

std::string reason_text(const RewardResult& result) {
  std::string text = reason_name(result.reason);
  if (result.test_case > 0) text += "_case_" + std::to_string(result.test_case);
  return text;
}

void CompletionReward::score_group(const RewardGroup& group,
                                   std::span<RewardResult> results) const {
  for (size_t i = 0; i < group.completions.size(); ++i) results[i] = score(group.completions[i]);
}

void RewardConfig::describe(Fields& f) {
  f.field("name", name, "Key in metrics and rollout files. Empty: the kind.");
  f.field("weight", weight, "Factor of this component in the total reward.");
  f.field("incorrect", incorrect, "Value of an incorrect verdict, where it would be 0; DAPO: -1.");
  if (!settings) settings = default_settings(kind);
  settings->describe(f);
}

}  // namespace cohort
