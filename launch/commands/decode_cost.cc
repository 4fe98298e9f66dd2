#include "launch/commands/decode_cost.h"

#include <cmath>

#include "model/kv_cache.h"

namespace cohort {

DecodeCost decode_cost(const ParameterStore& store, int64_t sequences, double keys) {
  const ModelConfig& config = store.config();
  const auto rows = static_cast<double>(sequences);
  const double element = static_cast<double>(store.flat().element_size());
  double chosen = 0, read = 0;  // shares of the routed experts, by a row and by a step
  if (config.has_experts() && config.n_routed_experts > 0) {
    chosen = static_cast<double>(config.num_experts_per_tok) /
             static_cast<double>(config.n_routed_experts);
    read = 1 - std::pow(1 - chosen, rows);
  }
  DecodeCost cost{};
  for (const TensorEntry& tensor : store.tensors()) {
    const bool looked_up =
        tensor.name == "model.embed_tokens.weight" && !config.tie_word_embeddings;
    if (tensor.mtp || looked_up) continue;
    const bool routed = tensor.sharding == Sharding::expert;
    const auto numel = static_cast<double>(tensor.numel);
    cost.weight_bytes += element * numel * (routed ? read : 1);
    if (tensor.shape.size() > 1) cost.flop += 2 * rows * numel * (routed ? chosen : 1);
  }
  cost.key_bytes =
      rows * keys * static_cast<double>(KvCache::bytes_per_slot(config, store.dtype()));
  return cost;
}

}  // namespace cohort
