// The sft stage, and distill: the same training of a student on what a reject stage kept.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

StageEnd run_sft(StageContext& context, const SftConfig& config);

}  // namespace cohort
