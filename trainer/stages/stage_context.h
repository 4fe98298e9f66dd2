// What a stage is given, and the models and data that its configuration names.
#pragma once

#include <memory>
#include <string>

#include "core/comm/communicator.h"
#include "trainer/interrupt.h"
#include "trainer/metrics.h"
#include "trainer/model_source.h"
#include "trainer/preflight.h"
#include "trainer/run_config.h"
#include "trainer/run_folder.h"

namespace cohort {

enum class StageEnd { finished, interrupted };

// Streams of draws that one stage keeps apart.
enum class DrawUse : uint32_t { training = 0, validation = 1 };

struct StageContext {
  const RunConfig& config;
  const StageConfig& stage;
  size_t place;  // in the pipeline
  Communicator& comm;
  const RunFolder& folder;
  MetricsLog& metrics;
  Interrupt& interrupt;
  const StagePlan& plan;

  const std::string& name() const { return stage.name(); }
  std::string path() const { return folder.stage(name()); }
  bool leader() const { return comm.rank() == 0; }
  DrawScope scope(DrawUse use) const;

  // The model that `name` means here: "previous", "model" or an earlier stage.
  LoadedModel model(const std::string& name) const;
  // Tells what model(name) gives now from what it may give after the stages before were made anew.
  std::string model_id(const std::string& name) const;
  // A stage's own model (own_section).
  LoadedModel own_model(const ModelSection& section) const;
  // What `name` stands for, for messages: "rl", "the run's model".
  std::string model_name(const std::string& name) const;
  // data.source, or the samples that the reject stage `data.from` kept.
  DataConfig training_data(const TrainDataConfig& data) const;
  // Marks the stage finished once everything of it is durable; `checkpoint` may be empty.
  void finish(const std::string& checkpoint) const;
};

// Where a reject stage leaves what it kept.
std::string kept_samples_path(const std::string& stage_folder);
std::string rollout_path(const std::string& stage_folder, int64_t step);
// Removes the rollout files after `step` (a resumed stage makes them again), and all but the newest
// `keep` up to it (0: all are kept).
void prune_rollouts(const std::string& stage_folder, int64_t step, int64_t keep);

}  // namespace cohort
