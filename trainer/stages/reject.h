// The reject stage: rejection sampling. Samples every prompt n times, keeps right samples, writes
// them to data.jsonl.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

StageEnd run_reject(StageContext& context, const RejectConfig& config);

}  // namespace cohort
