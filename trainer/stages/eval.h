// The eval stage: pass@1 of several models on held-out prompts, sampled and greedy, with intervals.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

StageEnd run_eval(StageContext& context, const EvalConfig& config);

}  // namespace cohort
