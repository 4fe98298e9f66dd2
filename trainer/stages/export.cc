#include "trainer/stages/export.h"

#include <algorithm>

#include "core/base/files.h"
#include "core/base/log.h"

namespace cohort {
namespace {

std::string target_folder(const StageContext& context, const ExportConfig& config) {
  if (!config.folder.empty()) return config.folder;
  const auto exports = std::ranges::count_if(
      context.config.pipeline, [](const StageConfig& stage) { return stage.tag == "export"; });
  const std::string base = context.folder.path() + "/export";
  return exports > 1 ? base + "/" + config.name : base;
}

}  // namespace

StageEnd run_export(StageContext& context, const ExportConfig& config) {
  if (context.leader()) {
    const std::string folder = target_folder(context, config);
    // What is there is of an export that died before it was marked finished.
    if (config.folder.empty() && path_exists(folder)) remove_tree(folder);
    export_hf(context.model(config.init), folder, config.type);
    log_info("  {} -> {}", context.model_name(config.init), folder);
  }
  context.finish("");
  return StageEnd::finished;
}

}  // namespace cohort
