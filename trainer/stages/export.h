// The export stage: a stage's model as a Hugging Face folder.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

StageEnd run_export(StageContext& context, const ExportConfig& config);

}  // namespace cohort
