#include "model/layers/gqa.h"

#include "kernels/bias/bias.h"
#include "kernels/linear/linear.h"
#include "kernels/memory/step_memory.h"
#include "model/layers/cache_rows.h"
#include "model/layers/split_columns.h"

namespace cohort {
namespace {

// The same shards for rows that were cut in `parts` each.
kernels::RowShards times(const kernels::RowShards& shards, int64_t parts) {
  if (!shards) return shards;
  std::vector<int64_t> scaled = *shards;
  for (int64_t& border : scaled) border *= parts;
  return std::make_shared<const std::vector<int64_t>>(std::move(scaled));
}

}  // namespace

Gqa::Gqa(ParameterStore& store, const std::string& prefix, const kernels::RopeTable& rope,
         int64_t window)
    : rope_(rope),
      window_(window),
      norm_form_(store.config().rms_norm_eps, store.config().gemma()) {
  const ModelConfig& c = store.config();
  heads_ = c.num_attention_heads;
  kv_heads_ = c.kv_heads();
  dim_ = c.query_dim();
  scale_ = c.softmax_scale();
  qkv_ = &store.block(prefix + "qkv");
  o_ = &store.block(prefix + "o_proj");
  if (c.qkv_bias()) qkv_bias_ = &store.block(prefix + "qkv.bias");
  if (c.o_bias()) o_bias_ = &store.block(prefix + "o_proj.bias");
  if (c.qk_norm()) {
    q_norm_ = &store.block(prefix + "q_norm");
    k_norm_ = &store.block(prefix + "k_norm");
  }
}

at::Tensor Gqa::rotated(const at::Tensor& slice, int64_t heads, const kernels::Param* norm,
                        const DecoderInput& input) const {
  const int64_t rows = slice.size(0);
  if (norm == nullptr)
    return kernels::rope(kernels::view_heads(slice, heads), rope_, input.positions, false);
  const at::Tensor normed = kernels::rms_norm(slice.contiguous().view({rows * heads, dim_}), *norm,
                                              norm_form_, times(input.shards, heads));
  return kernels::rope(normed.view({rows, heads, dim_}), rope_, input.positions, false);
}

at::Tensor Gqa::forward(const at::Tensor& x, const DecoderInput& input, const at::Tensor& k_cache,
                        const at::Tensor& v_cache) const {
  const int64_t q_width = heads_ * dim_, kv_width = kv_heads_ * dim_;
  at::Tensor qkv = kernels::linear(x, *qkv_, input.shards);
  if (qkv_bias_ != nullptr) qkv = kernels::add_bias(qkv, *qkv_bias_, input.shards);
  const auto parts = split_columns(qkv, {q_width, kv_width, kv_width});
  const at::Tensor q = rotated(parts[0], heads_, q_norm_, input);
  at::Tensor k = rotated(parts[1], kv_heads_, k_norm_, input);
  at::Tensor v = kernels::view_heads(parts[2], kv_heads_);
  if (input.cache != nullptr) {
    cache_rows(k, input.slots, k_cache);
    cache_rows(v, input.slots, v_cache);
    k = k_cache;
    v = v_cache;
  }
  const at::Tensor heads = kernels::attention(q, k, v, input.layout, scale_, window_);
  const at::Tensor y = kernels::linear(kernels::view_rows(heads), *o_, input.shards);
  return o_bias_ != nullptr ? kernels::add_bias(y, *o_bias_, input.shards) : y;
}

}  // namespace cohort
