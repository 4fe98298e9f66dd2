// What an update learns of each sample, gathered to all ranks and summed in batch order, so that a
// metric has the same bits on any number of ranks.
#pragma once

#include <vector>

#include "core/comm/communicator.h"
#include "trainer/loss.h"

namespace cohort {

struct SequenceRecord {
  SequenceLoss loss;
  int64_t tokens = 0;           // that count in the loss
  double nll = 0;               // sum of -logprob over them
  double mtp_nll = 0;           // the same of the multi-token-prediction module
  double logprob_diff_max = 0;  // max |logprob - old_logprob|
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
  double nll = 0, mtp_nll = 0, logprob_diff_max = 0;
};
RecordSums sum_records(const RecordTable& records);

}  // namespace cohort
