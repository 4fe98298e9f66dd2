// Grouped-query attention (arXiv 2305.13245) of Llama, Qwen and Gemma: heads h * g .. h * g + g - 1
// share key head h.
//
//   [ q ; k ; v ] = W_qkv x (+ b);  each head of q and k is normed where the family norms them,
//   then rotated in halves; o = softmax(scale q k^T + causal, within the window of a sliding layer)
//   v;  y = W_o o (+ b)
#pragma once

#include <string>

#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rope/rope.h"
#include "model/layers/attention_layer.h"

namespace cohort {

class Gqa final : public AttentionLayer {
 public:
  // Views the blocks "<prefix>qkv", "<prefix>o_proj", ... of the store. window 0: all keys.
  Gqa(ParameterStore& store, const std::string& prefix, const kernels::RopeTable& rope,
      int64_t window);
  at::Tensor forward(const at::Tensor& x, const DecoderInput& input, const at::Tensor& k,
                     const at::Tensor& v) const override;

 private:
  // [T, heads, D] of a slice of the projection: normed by `norm` (null: not), rotated.
  at::Tensor rotated(const at::Tensor& slice, int64_t heads, const kernels::Param* norm,
                     const DecoderInput& input) const;

  const kernels::RopeTable& rope_;
  int64_t heads_, kv_heads_, dim_, window_;
  double scale_;
  kernels::RmsNormForm norm_form_;
  const kernels::Param *qkv_, *o_;
  const kernels::Param *qkv_bias_ = nullptr, *o_bias_ = nullptr;  // null without bias
  const kernels::Param *q_norm_ = nullptr, *k_norm_ = nullptr;    // null without head norms
};

}  // namespace cohort
