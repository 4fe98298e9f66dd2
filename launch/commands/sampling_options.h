// What the commands that sample have in common.
#pragma once

#include <string>
#include <vector>

#include "model/model_config.h"
#include "rollout/engine/engine.h"

namespace CLI {
class App;
}

namespace cohort {

struct SamplingOptions {
  SamplingConfig sampling;  // response_length 0: as long as the model has room
  int64_t seed = 1;
  std::string dtype = "fp32", device = "auto";

  SamplingOptions() {
    sampling.n = 1;
    sampling.response_length = 0;
  }
};

// All but the number of samples.
void add_sampling_options(CLI::App& command, SamplingOptions& options);
// Without --max-new: what the model has room for after the longest prompt, at most 256.
void settle_length(SamplingConfig& sampling, const std::vector<Prompt>& prompts,
                   const ModelConfig& model);

}  // namespace cohort
