// Keys or values of a pass into their slots of the cache.
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort {

// x [T, heads, D], the last two dimensions contiguous; slots [T] int32 in host memory; cache
// [slots, heads, D], contiguous, of x's dtype. CheckError for a slot outside of it. No gradient.
void cache_rows(const at::Tensor& x, const at::Tensor& slots, const at::Tensor& cache);

}  // namespace cohort
