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
  double advantage = 0;
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

// One prediction: the row whose hidden state predicts `target`, and where it came from.
struct Prediction {
  int32_t row;
  int32_t target;
  const TrainSample* sample;
  int32_t position;  // in sample->tokens
};

// A micro-batch: rows of one or more groups of each local shard, shard by shard. A group whose
// samples do not fit in max_tokens is split by samples (its prompt rows are then computed once a
// part).
struct MicroBatch {
  DecoderInput input;                    // tokens, positions, layout, shards, load_mask
  std::vector<Prediction> predictions;   // shard by shard
  kernels::RowShards prediction_shards;  // offsets into predictions
};

// Micro-batches of this rank: local_shards are consecutive logical shards. max_tokens bounds the
// rows of a shard in one micro-batch (0: all). The j-th micro-batch holds the j-th part of every
// local shard.
std::vector<MicroBatch> pack(const std::vector<TrainGroup>& groups,
                             const std::vector<std::vector<int64_t>>& shards, int64_t first_shard,
                             int64_t num_local_shards, int64_t max_tokens);

}  // namespace cohort
