#include "model/kv_cache.h"

namespace cohort {
namespace {

struct SlotWidths {
  int64_t k, v;
};

SlotWidths slot_widths(const ModelConfig& c) {
  if (c.mla_form == "absorbed") return {c.kv_lora_rank + c.qk_rope_head_dim, 0};  // V is part of K
  return {c.kv_heads() * c.query_dim(), c.kv_heads() * c.value_dim()};
}

}  // namespace

KvCache::KvCache(const ModelConfig& config, at::ScalarType dtype, int64_t num_blocks,
                 int64_t block_size, at::Device device)
    : num_blocks(num_blocks), block_size(block_size) {
  const int64_t slots = num_blocks * block_size;
  const SlotWidths widths = slot_widths(config);
  const auto options = at::TensorOptions(dtype).device(device);
  for (int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    if (config.mla_form == "absorbed") {
      k.push_back(at::empty({slots, 1, widths.k}, options));
      v.push_back(k.back().narrow(2, 0, config.kv_lora_rank));
    } else {
      const int64_t heads = config.kv_heads();
      k.push_back(at::empty({slots, heads, widths.k / heads}, options));
      v.push_back(at::empty({slots, heads, widths.v / heads}, options));
    }
  }
}

int64_t KvCache::bytes_per_slot(const ModelConfig& config, at::ScalarType dtype) {
  const SlotWidths widths = slot_widths(config);
  const auto element = static_cast<int64_t>(c10::elementSize(dtype));
  return config.num_hidden_layers * (widths.k + widths.v) * element;
}

}  // namespace cohort
