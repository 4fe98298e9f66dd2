// Which rows each expert gets: a stable counting sort of (token, choice) by expert.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace cohort::kernels {

// Row r of the sorted batch is choice slot[r] % K of token[r]; expert e has rows [offsets[e],
// offsets[e + 1]), in order of token, then choice.
struct MoePlan {
  int64_t tokens = 0, top_k = 0;
  std::vector<int64_t> offsets;
  std::vector<int32_t> token;  // of a row
  std::vector<int32_t> slot;   // of a row: token * K + choice
  std::vector<int32_t> row;    // of a slot

  int64_t rows() const { return tokens * top_k; }
  // Borders of (expert, shard), as grouped_weight_grad takes them.
  std::vector<int64_t> shard_segments(const std::vector<int64_t>& shards) const;
};

// index [T, K] int32, each in [0, experts). The plan's memory is used again.
void make_moe_plan(const at::Tensor& index, int64_t experts, MoePlan& plan);

}  // namespace cohort::kernels
