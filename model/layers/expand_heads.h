// Keys and values of expanded MLA from the up-projected latent and the one rotated key that all
// heads share:
//   k[t, h] = [ kv[t, h, :dn] ; k_rope[t] ],   v[t, h] = kv[t, h, dn:]
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort {

struct HeadShape {
  int64_t heads, nope, rope, value;
};

struct KeysValues {
  at::Tensor k;  // [T, heads, nope + rope]
  at::Tensor v;  // [T, heads, value]
};

// kv [T, heads * (nope + value)]; k_rope [T, 1, rope]; both contiguous. Takes part in autograd.
KeysValues expand_heads(const at::Tensor& kv, const at::Tensor& k_rope, const HeadShape& shape);
// The same rows into k and v at slots [T] int32 in host memory; no gradient.
void expand_heads_into(const at::Tensor& kv, const at::Tensor& k_rope, const HeadShape& shape,
                       const at::Tensor& slots, const at::Tensor& k, const at::Tensor& v);

}  // namespace cohort
