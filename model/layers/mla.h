// Multi-head latent attention (V3 report 2.1.1):
//
//   cq = norm(W_qa x);  q_h = [ W_qb cq ]_h, its last dr columns rotated       (or q = W_q x)
//   c = norm(a[:dc]), kr = rope(a[dc:])  with a = W_kva x
//
// Expanded:  k_h = [ (W_kvb c)_h[:dn] ; kr ],  v_h = (W_kvb c)_h[dn:],  o_h = softmax(scale q_h
// k_h^T + causal) v_h Absorbed:  W_kvb = [ Uk_h ; Uv_h ]_h;  q'_h = [ Uk_h^T q_h[:dn] ; q_h[dn:] ],
// k = [ c ; kr ] for every head,
//            o_h = Uv_h ( softmax(scale q'_h k^T + causal) c )
// y = W_o [ o_h ]_h
//
// The two are equal up to rounding alone, so a run keeps to one of them.
#pragma once

#include <string>

#include "kernels/rope/rope.h"
#include "model/layers/attention_layer.h"
#include "model/layers/expand_heads.h"
#include "model/layers/head_linear.h"

namespace cohort {

class Mla final : public AttentionLayer {
 public:
  // Views the blocks "<prefix>q..._proj" of the store.
  Mla(ParameterStore& store, const std::string& prefix, const kernels::RopeTable& rope);

  at::Tensor forward(const at::Tensor& x, const DecoderInput& input, const at::Tensor& k,
                     const at::Tensor& v) const override;

 private:
  struct Projected {
    at::Tensor q;       // [T, heads, dn + dr], rotated
    at::Tensor c;       // [T, dc], normed
    at::Tensor k_rope;  // [T, 1, dr], rotated
  };
  Projected project(const at::Tensor& x, const DecoderInput& input) const;
  // [T, heads, dv]
  at::Tensor expanded(const Projected& p, const DecoderInput& input, const at::Tensor& k,
                      const at::Tensor& v) const;
  at::Tensor absorbed(const Projected& p, const DecoderInput& input, const at::Tensor& k,
                      const at::Tensor& v) const;

  const kernels::RopeTable& rope_;
  bool rope_interleave_;
  int64_t q_width_, latent_;  // columns of qkv_a: queries (or their latent), latent, rope key
  HeadShape shape_;
  double scale_;
  const kernels::Param *qkv_a_, *kv_a_norm_, *kv_b_, *o_;
  const kernels::Param *q_a_norm_ = nullptr, *q_b_ = nullptr;  // null without q LoRA
  std::shared_ptr<HeadWeights> uk_, uv_;                       // null in the expanded form
};

}  // namespace cohort
