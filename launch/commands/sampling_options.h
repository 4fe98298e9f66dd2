// What the commands that sample have in common.
#pragma once

#include <string>
#include <vector>

#include "rollout/engine/engine.h"

namespace CLI {
class App;
}

namespace cohort {

// Tokens, where --max-new does not say.
inline constexpr int64_t kLongestCompletion = 256;

// As the commands that share them have them by default; chat has its own.
struct SamplingOptions {
  SamplingConfig sampling;  // response_length 0: as long as the model has room
  int64_t seed = 1;
  std::string dtype = "fp32", device = "auto";

  SamplingOptions() {
    sampling.n = 1;
    sampling.response_length = 0;
  }
};

// All but the number of samples. most: see below.
void add_sampling_options(CLI::App& command, SamplingOptions& options, int64_t most);
// Without --max-new: what there is room for after the longest prompt, `most` tokens at most. room:
// tokens that prompt and completion may have together.
void settle_length(SamplingConfig& sampling, const std::vector<Prompt>& prompts, int64_t room,
                   int64_t most);

}  // namespace cohort
