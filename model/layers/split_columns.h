// One wide projection seen as several: the slices are views, and their gradients are put back side
// by side in one pass (autograd's own slicing would pad and add a full-width tensor for each).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace cohort {

// x [T, N]; widths sum to N. Slice i is [T, widths[i]] with x's row stride.
std::vector<at::Tensor> split_columns(const at::Tensor& x, const std::vector<int64_t>& widths);

}  // namespace cohort
