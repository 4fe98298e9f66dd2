// The grpo stage: rollout, rewards, advantages, update.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

StageEnd run_grpo(StageContext& context, const GrpoConfig& config);

// Whether a term of the loss or of the reward is a distance to a reference.
bool needs_reference(const GrpoConfig& config);
int64_t num_steps(const GrpoConfig& config, const Dataset& data);

}  // namespace cohort
