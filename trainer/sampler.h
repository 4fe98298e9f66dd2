// Groups of completions, sampled by all ranks together and graded while others are still being
// sampled.
#pragma once

#include <memory>
#include <vector>

#include "core/comm/communicator.h"
#include "rollout/engine/engine.h"
#include "trainer/grading.h"
#include "trainer/model_source.h"

namespace cohort {

struct SamplerConfig {
  EngineConfig engine;
  std::vector<RewardConfig> rewards;
  std::vector<int64_t> stop_token_ids;  // besides the model's own (end_ids.h)
  int64_t reward_workers = 1;
  bool record_experts = false;  // Engine::record_experts
};

class GroupSampler {
 public:
  // `model` must outlive the sampler; its weights may change between calls.
  GroupSampler(const LoadedModel& model, Communicator& comm, const SamplerConfig& config);

  // Every rank passes the same prompts and gets all their groups, graded, in the order of the
  // prompts. `verdicts`, when the rewards are timed: the file to replay them from, and to write
  // when it is not there.
  std::vector<Group> sample(const std::vector<Prompt>& prompts, const SamplingConfig& sampling,
                            const DrawScope& scope, const std::string& verdicts = "");
  const Grader& grader() const { return grader_; }

 private:
  Communicator& comm_;
  std::vector<int64_t> stop_ids_;
  Grader grader_;
  GradingPool pool_;
  Engine engine_;
};

}  // namespace cohort
