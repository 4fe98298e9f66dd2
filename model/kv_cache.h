// Keys and values of sampled tokens, a slot each: slot = block * block_size + offset. Expanded
// MLA: K [slots, nh, dn + dr], V [slots, nh, dv]; absorbed: K [slots, 1, dc + dr] whose first dc
// columns are V; grouped queries: K and V [slots, nkv, D].
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/model_config.h"

namespace cohort {

struct KvCache {
  KvCache(const ModelConfig& config, at::ScalarType dtype, int64_t num_blocks, int64_t block_size,
          at::Device device = at::kCPU);
  int64_t num_blocks, block_size;
  std::vector<at::Tensor> k, v;  // a layer each
  static int64_t bytes_per_slot(const ModelConfig& config, at::ScalarType dtype);
};

}  // namespace cohort
