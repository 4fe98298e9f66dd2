// y = silu(gate) * up, with gate = x[:, :I], up = x[:, I:]. Element-wise, own exp, so row-invariant at any
// position in the row and with any number of rows.
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort::kernels {

at::Tensor swiglu(const at::Tensor& gate_up);  // [M, 2I] -> [M, I]; takes part in autograd

}  // namespace cohort::kernels
