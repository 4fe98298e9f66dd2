#include "model/layers/mla.h"

#include "kernels/linear/linear.h"
#include "kernels/rms_norm/rms_norm.h"
#include "model/layers/split_columns.h"

namespace cohort {
namespace {

// Hugging Face's default for the norms of the two latents, whatever rms_norm_eps says.
constexpr double kLatentEps = 1e-6;

}  // namespace

Mla::Mla(ParameterStore& store, const std::string& prefix, const kernels::RopeTable& rope)
    : rope_(rope) {
  const ModelConfig& c = store.config();
  shape_ = {.heads = c.num_attention_heads,
            .nope = c.qk_nope_head_dim,
            .rope = c.qk_rope_head_dim,
            .value = c.v_head_dim};
  rope_interleave_ = c.rope_interleave;
  q_width_ = c.q_lora_rank > 0 ? c.q_lora_rank : shape_.heads * (shape_.nope + shape_.rope);
  latent_ = c.kv_lora_rank;
  scale_ = c.softmax_scale();
  qkv_a_ = &store.block(prefix + "qkv_a");
  kv_a_norm_ = &store.block(prefix + "kv_a_layernorm");
  kv_b_ = &store.block(prefix + "kv_b_proj");
  o_ = &store.block(prefix + "o_proj");
  if (c.q_lora_rank > 0) {
    q_a_norm_ = &store.block(prefix + "q_a_layernorm");
    q_b_ = &store.block(prefix + "q_b_proj");
  }
}

at::Tensor Mla::queries(const at::Tensor& q_a, const DecoderInput& input) const {
  at::Tensor q = q_a;
  if (q_b_ != nullptr)
    q = kernels::linear(kernels::rms_norm(q_a, *q_a_norm_, kLatentEps, input.shards), *q_b_,
                        input.shards);
  return kernels::rope(q.view({q.size(0), shape_.heads, shape_.nope + shape_.rope}), rope_,
                       input.positions, rope_interleave_);
}

at::Tensor Mla::forward(const at::Tensor& x, const DecoderInput& input, const at::Tensor& k,
                        const at::Tensor& v) const {
  const int64_t rows = x.size(0);
  const auto parts =
      split_columns(kernels::linear(x, *qkv_a_, input.shards), {q_width_, latent_, shape_.rope});
  const at::Tensor q = queries(parts[0], input);
  const at::Tensor c = kernels::rms_norm(parts[1], *kv_a_norm_, kLatentEps, input.shards);
  const at::Tensor k_rope = kernels::rope(parts[2].view({rows, 1, shape_.rope}), rope_,
                                          input.positions, rope_interleave_);
  const at::Tensor kv = kernels::linear(c, *kv_b_, input.shards);

  at::Tensor heads;  // [T, nh, dv]
  if (input.cache != nullptr) {
    expand_heads_into(kv, k_rope, shape_, input.slots, k, v);
    heads = kernels::attention(q, k, v, input.layout, scale_);
  } else {
    const KeysValues own = expand_heads(kv, k_rope, shape_);
    heads = kernels::attention(q, own.k, own.v, input.layout, scale_);
  }
  return kernels::linear(heads.view({rows, shape_.heads * shape_.value}), *o_, input.shards);
}

}  // namespace cohort
