// The distill stage: a student of its own shape learns by sft what a reject stage kept of its
// teacher.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

StageEnd run_distill(StageContext& context, const DistillConfig& config);

}  // namespace cohort
