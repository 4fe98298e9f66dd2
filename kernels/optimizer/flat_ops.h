// optimizer.h over flat tensors in either memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "kernels/optimizer/optimizer.h"

namespace cohort::kernels {

// All are flat and contiguous; fp32 but for `out` of round_to_bf16.
void adamw_update(const at::Tensor& master, const at::Tensor& m, const at::Tensor& v,
                  const at::Tensor& grad, const AdamWStep& step);
std::vector<double> block_sums_of_squares(const at::Tensor& x);
void round_to_bf16(const at::Tensor& in, const at::Tensor& out);

// out = the fixed binary tree of docs/numerics.md over the rows of parts [n, size] in device
// memory, n a power of two; for host memory it is core/comm's tree_sum.
void device_tree_sum(const at::Tensor& parts, const at::Tensor& out);

}  // namespace cohort::kernels
