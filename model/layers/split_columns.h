// One wide projection seen as several: the slices are views, and their gradients are put back side
// by side in one pass (autograd's own slicing would pad and add a full-width tensor for each).
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>

namespace cohort {

using ColumnSlices = c10::SmallVector<at::Tensor, 3>;

// x [T, N]; widths sum to N. Slice i is [T, widths[i]] with x's row stride.
ColumnSlices split_columns(const at::Tensor& x, at::IntArrayRef widths);

}  // namespace cohort
