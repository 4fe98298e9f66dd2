#include "model/layers/mla.h"

#include "kernels/linear/linear.h"
#include "kernels/memory/step_memory.h"
#include "kernels/rms_norm/rms_norm.h"
#include "model/layers/latent.h"
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
  if (c.mla_form == "absorbed") {
    uk_ = std::make_shared<HeadWeights>(*kv_b_, shape_.heads, 0, shape_.nope);
    uv_ = std::make_shared<HeadWeights>(*kv_b_, shape_.heads, shape_.nope, shape_.value);
  }
}

Mla::Projected Mla::project(const at::Tensor& x, const DecoderInput& input) const {
  const auto parts =
      split_columns(kernels::linear(x, *qkv_a_, input.shards), {q_width_, latent_, shape_.rope});
  at::Tensor q = parts[0];
  if (q_b_ != nullptr)
    q = kernels::linear(kernels::rms_norm(q, *q_a_norm_, kLatentEps, input.shards), *q_b_,
                        input.shards);
  return {
      kernels::rope(kernels::view_heads(q, shape_.heads), rope_, input.positions, rope_interleave_),
      kernels::rms_norm(parts[1], *kv_a_norm_, kLatentEps, input.shards),
      kernels::rope(kernels::view_heads(parts[2], 1), rope_, input.positions, rope_interleave_)};
}

at::Tensor Mla::expanded(const Projected& p, const DecoderInput& input, const at::Tensor& k,
                         const at::Tensor& v) const {
  const at::Tensor kv = kernels::linear(p.c, *kv_b_, input.shards);
  if (input.cache != nullptr) {
    expand_heads_into(kv, p.k_rope, shape_, input.slots, k, v);
    return kernels::attention(p.q, k, v, input.layout, scale_);
  }
  const KeysValues own = expand_heads(kv, p.k_rope, shape_);
  return kernels::attention(p.q, own.k, own.v, input.layout, scale_);
}

at::Tensor Mla::absorbed(const Projected& p, const DecoderInput& input, const at::Tensor& k,
                         const at::Tensor& v) const {
  const at::Tensor q = head_linear(p.q, uk_, HeadMap::down, input.shards);
  at::Tensor context;  // [T, heads, dc]
  if (input.cache != nullptr) {
    join_latent_into(p.c, p.k_rope, input.slots, k);
    context = kernels::attention(q, k, v, input.layout, scale_);
  } else {
    const at::Tensor own = join_latent(p.c, p.k_rope);
    context = kernels::attention(q, own, own.narrow(2, 0, latent_), input.layout, scale_);
  }
  return head_linear(context, uv_, HeadMap::up, input.shards);
}

at::Tensor Mla::forward(const at::Tensor& x, const DecoderInput& input, const at::Tensor& k,
                        const at::Tensor& v) const {
  const Projected p = project(x, input);
  const at::Tensor heads = uk_ ? absorbed(p, input, k, v) : expanded(p, input, k, v);
  return kernels::linear(kernels::view_rows(heads), *o_, input.shards);
}

}  // namespace cohort
