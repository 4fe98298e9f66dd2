// The keys of absorbed MLA, one for all heads: [ c ; k_rope ]. Its first columns, the latent, are
// the values.
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort {

// c [T, dc], k_rope [T, 1, dr]; result [T, 1, dc + dr]. Takes part in autograd.
at::Tensor join_latent(const at::Tensor& c, const at::Tensor& k_rope);
// The same rows into `cache` [slots, 1, dc + dr] at slots [T] int32; no gradient.
void join_latent_into(const at::Tensor& c, const at::Tensor& k_rope, const at::Tensor& slots,
                      const at::Tensor& cache);

}  // namespace cohort
