#include "trainer/stages/export.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "trainer/model_export.h"

namespace cohort {
namespace {

std::string target_folder(const StageContext& context, const ExportConfig& config) {
  if (!config.folder.empty()) return config.folder;
  const auto exports = std::ranges::count_if(
      context.config.pipeline, [](const StageConfig& stage) { return stage.tag == "export"; });
  const std::string base = context.folder.path() + "/export";
  return exports > 1 ? base + "/" + config.name : base;
}

std::string mark_file(const std::string& stage_folder) { return stage_folder + "/exported.json"; }

bool holds_model(const std::string& folder) {
  return path_exists(folder + "/config.json") || path_exists(folder + "/model.gguf");
}

// Nobody has touched what this stage once wrote there.
bool is_own_export(const std::string& folder, const std::string& stage_folder) {
  const auto mark = read_mark(mark_file(stage_folder));
  return mark && holds_model(folder) && mark->model == model_identity(folder);
}

}  // namespace

void check_export_folder(const std::string& folder, const std::string& stage_folder) {
  if (folder.empty() || !path_exists(folder)) return;
  if (!std::filesystem::is_directory(folder))
    throw_error<InputError>("{}: is a file, expected a folder to make", folder);
  if (!list_folder(folder).empty() && !is_own_export(folder, stage_folder))
    throw_error<InputError>("{}: the folder is not empty", folder);
}

StageEnd run_export(StageContext& context, const ExportConfig& config) {
  if (context.leader()) {
    const std::string folder = target_folder(context, config);
    check_export_folder(config.folder, context.path());
    // What is there now is of an export that died before it was marked finished.
    if (path_exists(folder)) remove_tree(folder);
    make_folders(context.path());
    const LoadedModel model = context.model(config.init);
    // On a thread of its own, that this rank can be heard of: the others wait.
    std::future<void> written = std::async(std::launch::async, [&] {
      export_folder(model, folder, config.format, config.type, [&](const std::string& part) {
        write_mark(mark_file(context.path()), {.model = model_identity(part), .values = {}});
      });
    });
    while (written.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready)
      context.comm.heartbeat("export");
    written.get();
    log_info("  {} -> {}", context.model_name(config.init), folder);
  }
  context.finish("");
  return StageEnd::finished;
}

}  // namespace cohort
