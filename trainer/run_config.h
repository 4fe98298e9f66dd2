// The YAML file of a run: what every stage shares, the model, and the list of stages
// (stage_config.h).
#pragma once

#include <string>
#include <vector>

#include "core/config/fields.h"
#include "trainer/stage_config.h"

namespace cohort {

struct RunSection {
  std::string name = "run";
  int64_t seed = 1;
  std::string device = "auto";  // auto, cpu, cuda
  std::string dtype = "fp32";   // of compute; masters are fp32 in both
  bool exact = true;
  int64_t dp_shards = 8;
  std::string dir = "runs";
  double time_limit = 0;             // seconds; 0: none
  std::string resume_mode = "auto";  // auto, disable
  int64_t threads = 0;               // 0: auto
  double comm_timeout_s = 600;

  void describe(Fields& f);
  std::string folder() const { return dir + "/" + name; }
};

struct RunConfig {
  RunSection run;
  ModelSection model;
  std::vector<StageConfig> pipeline;

  // Reads, prints and checks: names are unique, a stage names only earlier stages.
  void describe(Fields& f);
};

// Index in the pipeline of the stage with this name.
size_t stage_place(const RunConfig& config, const std::string& name);
// The stage that `name` means in stage number `place`: itself, or for "previous" the nearest
// earlier stage that trains a model (as_data: that keeps samples). Null for the run's own model.
const StageConfig* resolve_stage(const RunConfig& config, size_t place, const std::string& name,
                                 bool as_data);

// A stage's own model; without a tokenizer of its own it has the run's.
ModelSection own_section(const RunConfig& config, const ModelSection& section);

RunConfig read_run_config(const std::string& path, const std::vector<std::string>& overrides);
RunConfig read_run_config_text(const std::string& text, const std::string& name,
                               const std::vector<std::string>& overrides = {});
// The resolved file with every default; with_docs adds each key's comment.
std::string print_run_config(const RunConfig& config, bool with_docs);

}  // namespace cohort
