// y[t] = w[tokens[t]]. Backward adds dy rows into w.grad by shard, in row order.
#pragma once

#include "kernels/param.h"

namespace cohort::kernels {

// tokens [T] int32, in host memory; w [V, H]. The result requires a gradient when w is trainable
// and grad mode is on: it is where autograd of a pass starts. Throws CheckError for an id outside
// [0, V).
at::Tensor embedding(const at::Tensor& tokens, const Param& w, const RowShards& shards);

}  // namespace cohort::kernels
