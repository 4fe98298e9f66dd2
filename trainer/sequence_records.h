// What an update learns of each sample, gathered to all ranks and summed in batch order, so that a
// metric has the same bits on any number of ranks.
#pragma once

#include <span>
#include <vector>

#include "core/comm/communicator.h"
#include "trainer/loss.h"

namespace cohort {

// How training differs from the rollout that sampled, over the counted tokens of samples that the
// weights of this step sampled. With d = logprob - old_logprob, in the mean over such tokens
// e^d - 1 - d is never negative and estimates KL(rollout || training): k3 of J. Schulman,
// "Approximating KL divergence" (joschu.net/blog/kl-approx.html).
struct Mismatch {
  double diff_max = 0, diff_sum = 0;  // of |d|; NaN when one is
  double k3_sum = 0;
  int64_t tokens = 0;
  int64_t expert_sets = 0, expert_sets_differ = 0;  // (token, MoE layer), where both are known

  void add(const Mismatch& other);
};
Mismatch logprob_mismatch(std::span<const float> logprob, std::span<const float> old_logprob,
                          std::span<const uint8_t> mask);

struct SequenceRecord {
  SequenceLoss loss;
  int64_t tokens = 0;  // that count in the loss
  double nll = 0;      // sum of -logprob over them
  double mtp_nll = 0;  // the same of the multi-token-prediction module
  Mismatch mismatch;
};

// records[g][i]: sample i of group g.
using RecordTable = std::vector<std::vector<SequenceRecord>>;

RecordTable empty_records(const std::vector<TrainGroup>& groups);
// Each rank has filled in the groups of its `num_local_shards` shards; afterwards all have all.
void gather_records(Communicator& comm, const std::vector<std::vector<int64_t>>& shards,
                    RecordTable& records);

// The same for reference_logprob of every sample.
void gather_reference_logprobs(Communicator& comm, const std::vector<std::vector<int64_t>>& shards,
                               std::vector<TrainGroup>& groups);

// Sums over the batch in its order.
struct RecordSums {
  SequenceLoss loss;
  int64_t tokens = 0, sequences = 0;
  double nll = 0, mtp_nll = 0;
  Mismatch mismatch;
};
RecordSums sum_records(const RecordTable& records);

}  // namespace cohort
