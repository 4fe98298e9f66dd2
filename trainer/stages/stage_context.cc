#include "trainer/stages/stage_context.h"

#include "core/base/error.h"
#include "core/base/files.h"
#include "trainer/checkpoint.h"

namespace cohort {
namespace {

constexpr uint32_t kUsesPerStage = 4;

// N of step_N.h5; -1 for other names.
int64_t rollout_step(const std::string& name) {
  constexpr std::string_view kSuffix = ".h5";
  if (!name.ends_with(kSuffix)) return -1;
  return checkpoint_step(name.substr(0, name.size() - kSuffix.size()));
}

}  // namespace

DrawScope StageContext::scope(DrawUse use) const {
  return {.seed = static_cast<uint64_t>(config.run.seed),
          .stage = static_cast<uint32_t>(place) * kUsesPerStage + static_cast<uint32_t>(use)};
}

LoadedModel StageContext::model(const std::string& name) const {
  const StageConfig* const source =
      name == "model" ? nullptr : resolve_stage(config, place, name, false);
  if (source == nullptr)
    return make_model(config.model, config.run.dtype, static_cast<uint64_t>(config.run.seed));
  const std::string folder_path = folder.stage(source->name());
  LoadedModel loaded = load_model(folder_path, config.run.dtype);
  loaded.origin = source->name();
  return loaded;
}

std::string StageContext::model_id(const std::string& name) const {
  const StageConfig* const source =
      name == "model" ? nullptr : resolve_stage(config, place, name, false);
  if (source != nullptr) return model_identity(folder.stage(source->name()));
  return config.model.path.empty() ? "random weights" : model_identity(config.model.path);
}

LoadedModel StageContext::own_model(const ModelSection& section) const {
  // Its weights are not those of another model of the same shape and seed.
  const uint64_t seed =
      hash64(name().data(), name().size(), static_cast<uint64_t>(config.run.seed));
  return make_model(own_section(config, section), config.run.dtype, seed);
}

std::string StageContext::model_name(const std::string& name) const {
  const StageConfig* const source =
      name == "model" ? nullptr : resolve_stage(config, place, name, false);
  return source == nullptr ? "the run's model" : source->name();
}

DataConfig StageContext::training_data(const TrainDataConfig& data) const {
  if (data.from.empty()) return data.source;
  const StageConfig* const source = resolve_stage(config, place, data.from, true);
  COHORT_CHECK(source != nullptr, "no reject stage {}", data.from);
  DataConfig kept = data.source;
  kept.files = {kept_samples_path(folder.stage(source->name()))};
  return kept;
}

void StageContext::finish(const std::string& checkpoint) const {
  metrics.flush();
  if (leader()) {
    make_folders(path());
    write_done(path(), {.checkpoint = checkpoint, .values = numeric_values(config, stage)});
  }
  comm.barrier("stage end");
}

std::string kept_samples_path(const std::string& stage_folder) {
  return stage_folder + "/data.jsonl";
}

std::string rollout_path(const std::string& stage_folder, int64_t step) {
  return fmt::format("{}/rollouts/step_{:06d}.h5", stage_folder, step);
}

void prune_rollouts(const std::string& stage_folder, int64_t step, int64_t keep) {
  const std::string folder = stage_folder + "/rollouts";
  for (const std::string& name : list_folder(folder)) {
    const int64_t at = rollout_step(name);
    const bool newer = at > step, older = keep > 0 && at >= 0 && at <= step - keep;
    if (newer || older || name.ends_with(".part")) remove_tree(folder + "/" + name);
  }
}

}  // namespace cohort
