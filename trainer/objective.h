// What an update minimises: the policy loss or cross-entropy, sample by sample.
#pragma once

#include <functional>
#include <vector>

#include "trainer/loss.h"
#include "trainer/sequence_records.h"

namespace cohort {

// Counts of a batch, fixed before its first micro-batch.
struct BatchCounts {
  LossCounts loss;
  std::vector<int64_t> group_tokens;
  int64_t mtp_tokens =
      0;  // what multi-token prediction can predict: all but the second token of a text
};
BatchCounts count_batch(const std::vector<TrainGroup>& groups, int64_t horizon);

// Arrays of one sample, an entry a token; entries of tokens that do not count are 0.
struct SampleArrays {
  std::vector<float> logprob, entropy;
  std::vector<float> d_logprob, d_entropy;  // gradients of the loss by them, to be added to
};

struct Objective {
  std::function<SequenceRecord(int64_t group, const TrainSample&, SampleArrays&)> loss;
  double temperature = 1.0;
  bool entropy_gradient = false;  // whether d_entropy is ever not 0
  double mtp_weight = 0;  // of the mean cross-entropy of multi-token prediction; 0: not computed
};

// Both keep a reference to `counts`.
Objective policy_objective(const PolicyLossConfig& config, const BatchCounts& counts,
                           double mtp_weight);
Objective supervised_objective(const BatchCounts& counts, double mtp_weight);

}  // namespace cohort
