// Rows picked out of a batch, with a deterministic backward (dx of a row is the sum over its picks
// in order).
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort::kernels {

// x [M, D], index [P] int32 in host memory -> [P, D]; takes part in autograd.
at::Tensor pick_rows(const at::Tensor& x, const at::Tensor& index);

}  // namespace cohort::kernels
