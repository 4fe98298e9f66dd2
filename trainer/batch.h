// What an update trains on, and how it is laid out in rows.
#pragma once

#include <cstdint>
#include <vector>

#include "model/decoder.h"

namespace cohort {

// One completion (or supervised response) of a TrainGroup. Vectors have tokens.size() entries.
struct TrainSample {
  std::vector<int32_t> tokens;
  std::vector<float> old_logprob;        // grpo: as sampled; empty in sft
  std::vector<float> reference_logprob;  // where a KL term needs it
  std::vector<uint8_t> mask;  // 1: the token counts in the loss; all 0: the sample is left out
  std::vector<int16_t> expert_sets = {};  // as sampled (rollout/types.h), where they were recorded
  double advantage = 0;
  bool carried = false;  // sampled under the weights of an earlier step (dynamic sampling)
};

// A prompt and samples that continue it. Its prompt rows are computed once; it is never split over
// shards.
struct TrainGroup {
  std::vector<int32_t> prompt;
  std::vector<TrainSample> samples;
};

// Groups dealt to logical shards: a function of lengths and dp_shards alone. shards[s] lists group
// indices. Balanced by tokens: longest first to the lightest shard, ties to the lower index; then
// each shard in batch order.
std::vector<std::vector<int64_t>> deal_to_shards(const std::vector<TrainGroup>& groups,
                                                 int64_t dp_shards);

// One prediction: the row whose hidden state predicts `target`, which is token `position` of that
// sample. Only tokens that count in the loss are predicted.
struct Prediction {
  int32_t row;
  int32_t target;
  int32_t group, sample, position;
};

// A micro-batch: rows of one or more groups of each local shard, shard by shard. A group is its
// prompt's rows, then each sample's; the rows of a sample end with the one that predicts its last
// counted token. A group whose samples do not fit in max_tokens is split by samples, with its
// prompt's rows in each part.
struct MicroBatch {
  DecoderInput
      input;  // tokens, positions, layout, shards; load_mask 0: prompt rows of a later part
  std::vector<Prediction> predictions;   // shard by shard, a sample's in sequence
  kernels::RowShards prediction_shards;  // offsets into predictions
  // Sequences of the balance loss: a sample's rows, with the prompt's before the first sample's.
  // Prompt rows of a later part are a sequence that does not count.
  std::vector<int64_t> sequence_offsets;
  std::vector<uint8_t> sequence_counts;
  // For multi-token prediction (linear batches): the token after each row [T] int32, and
  // predictions by rows of Decoder::mtp_hidden.
  at::Tensor next_tokens;
  std::vector<Prediction> mtp_predictions;
  kernels::RowShards mtp_prediction_shards;
};

struct PackOptions {
  int64_t max_tokens = 0;  // rows of a shard in one micro-batch; 0: all
  bool linear = false;  // every sample has prompt rows of its own, as multi-token prediction needs
};

// Micro-batches of the logical shards [first_shard, first_shard + num_local_shards). The j-th holds
// the j-th part of every one of them, so what a shard computes does not depend on its neighbours.
std::vector<MicroBatch> pack(const std::vector<TrainGroup>& groups,
                             const std::vector<std::vector<int64_t>>& shards, int64_t first_shard,
                             int64_t num_local_shards, const PackOptions& options);

}  // namespace cohort
