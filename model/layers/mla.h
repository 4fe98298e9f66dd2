// Multi-head latent attention (V3 report 2.1.1), expanded form:
//
//   cq = norm(W_qa x);  q_h = [ W_qb cq ]_h, its last dr columns rotated       (or q = W_q x)
//   c = norm(a[:dc]), kr = rope(a[dc:])  with a = W_kva x
//   k_h = [ (W_kvb c)_h[:dn] ; kr ],  v_h = (W_kvb c)_h[dn:]
//   y = W_o [ softmax(scale q_h k_h^T + causal) v_h ]_h
#pragma once

#include <string>

#include "kernels/rope/rope.h"
#include "model/decoder.h"
#include "model/layers/expand_heads.h"

namespace cohort {

class Mla {
 public:
  // Views the blocks "<prefix>q..._proj" of the store.
  Mla(ParameterStore& store, const std::string& prefix, const kernels::RopeTable& rope);

  // x [T, H], normed. `k` and `v` are the layer's cache where input.cache is set, else undefined.
  at::Tensor forward(const at::Tensor& x, const DecoderInput& input, const at::Tensor& k,
                     const at::Tensor& v) const;

 private:
  at::Tensor queries(const at::Tensor& q_a, const DecoderInput& input) const;

  const kernels::RopeTable& rope_;
  bool rope_interleave_;
  int64_t q_width_,
      latent_;  // columns of qkv_a: queries (or their latent), key-value latent, rope key
  HeadShape shape_;
  double scale_;
  const kernels::Param *qkv_a_, *kv_a_norm_, *kv_b_, *o_;
  const kernels::Param *q_a_norm_ = nullptr, *q_b_ = nullptr;  // null without q LoRA
};

}  // namespace cohort
