// The export stage: a stage's model as a Hugging Face folder or GGUF file.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

// Throws InputError when FOLDER, as configured, holds what this stage has not written.
void check_export_folder(const std::string& folder, const std::string& stage_folder);
StageEnd run_export(StageContext& context, const ExportConfig& config);

}  // namespace cohort
