// y[m] = x[m] + b: the bias of a projection, where an architecture has one. Backward passes dy on
// and adds its rows into b.grad by shard, in row order.
#pragma once

#include "kernels/param.h"

namespace cohort::kernels {

// x [M, N] contiguous, b [N] of its dtype. Result contiguous [M, N]; takes part in autograd when x
// requires a gradient.
at::Tensor add_bias(const at::Tensor& x, const Param& b, const RowShards& shards);

}  // namespace cohort::kernels
