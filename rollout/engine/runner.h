// Computes a step: a plan's tokens become the decoder's input, buffers kept from step to step.
#pragma once

#include <memory>
#include <vector>

#include "model/decoder.h"
#include "rollout/engine/scheduler.h"

namespace cohort {

class Runner {
 public:
  Runner(Decoder& decoder, KvCache& cache)
      : decoder_(decoder), cache_(cache), layout_(std::make_shared<kernels::AttentionLayout>()) {}

  // Copies blocks, then runs the decoder over the plan's rows, item after item: [rows, H].
  // expert_sets: DecoderInput's.
  at::Tensor hidden(const StepPlan& plan, const at::Tensor& expert_sets);

 private:
  void copy_blocks(const std::vector<BlockCopy>& copies);
  void fill(const StepPlan& plan);

  Decoder& decoder_;
  KvCache& cache_;
  std::shared_ptr<kernels::AttentionLayout> layout_;
  std::vector<int32_t> tokens_, positions_, slots_;
};

// x's rows `index`, for the few rows of a step that are sampled from.
at::Tensor pick(const at::Tensor& x, const std::vector<int32_t>& index);

}  // namespace cohort
