// Passes over packed micro-batches: log-probs of their predictions, and gradients of the objective
// by them.
#pragma once

#include <span>
#include <vector>

#include "trainer/objective.h"

namespace cohort {

struct Predicted {
  at::Tensor logprob, entropy;  // [P] fp32, a prediction each; where the weights are
};

// Log-probs of `predictions` from rows of `hidden` under the decoder's head.
Predicted predict(const Decoder& decoder, const at::Tensor& hidden,
                  const std::vector<Prediction>& predictions, const kernels::RowShards& shards,
                  double temperature, int64_t num_valid);

// Calls visit with the run of predictions of each sample, and where the run begins.
void each_sample(const std::vector<Prediction>& predictions,
                 const std::function<void(std::span<const Prediction> run, size_t begin)>& visit);

// Roots of a backward pass and the gradients of the loss by them.
struct BackwardRoots {
  std::vector<at::Tensor> outputs, gradients;
};

// Applies the objective to each sample of a micro-batch and fills in its record.
void apply_loss(const Objective& objective, const std::vector<TrainGroup>& groups,
                const MicroBatch& batch, const Predicted& predicted, RecordTable& records,
                BackwardRoots& roots);
// Adds mtp_weight times the mean cross-entropy of the multi-token predictions.
void apply_mtp_loss(const Objective& objective, const BatchCounts& counts, const MicroBatch& batch,
                    const Predicted& predicted, RecordTable& records, BackwardRoots& roots);

// Whether there are samples to compare, and counts of where `sets` [MoE layers, rows] of this pass
// differs from what was sampled, into the records' mismatch.
bool has_expert_sets(const std::vector<TrainGroup>& groups, const MicroBatch& batch);
void compare_expert_sets(const std::vector<TrainGroup>& groups, const MicroBatch& batch,
                         const at::Tensor& sets, RecordTable& records);

}  // namespace cohort
