// y = act(gate) * up, with gate = x[:, :I], up = x[:, I:]. act is SiLU (SwiGLU) or GELU in its tanh
// form (GeGLU, Gemma):
//   silu(g) = g sigmoid(g);  gelu_tanh(g) = g (1 + tanh(u)) / 2 = g sigmoid(2u), u = sqrt(2/pi) (g
//   + 0.044715 g^3)
// Element-wise, own exp, so row-invariant at any position in the row and with any number of rows.
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort::kernels {

enum class GateActivation { silu, gelu_tanh };

// [M, 2I] -> [M, I]; takes part in autograd.
at::Tensor swiglu(const at::Tensor& gate_up, GateActivation act = GateActivation::silu);

}  // namespace cohort::kernels
