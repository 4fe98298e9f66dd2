// Gated activations on plain rows, for kernels/swiglu and kernels/moe. One thread: callers deal the
// rows.
#pragma once

#include <cstdint>

#include "kernels/math/bf16.h"
#include "kernels/swiglu/swiglu.h"

namespace cohort::kernels {

// gate_up [rows, 2 * inner] contiguous, gates first; y [rows, inner] = act(gate) * up. fp32
// arithmetic, one rounding to y.
void swiglu_rows(const float* gate_up, float* y, int64_t rows, int64_t inner,
                 GateActivation act = GateActivation::silu);
void swiglu_rows(const Bf16* gate_up, Bf16* y, int64_t rows, int64_t inner,
                 GateActivation act = GateActivation::silu);

// d_gate_up from dy; may not alias gate_up.
void swiglu_rows_backward(const float* gate_up, const float* dy, float* d_gate_up, int64_t rows,
                          int64_t inner, GateActivation act = GateActivation::silu);
void swiglu_rows_backward(const Bf16* gate_up, const Bf16* dy, Bf16* d_gate_up, int64_t rows,
                          int64_t inner, GateActivation act = GateActivation::silu);

}  // namespace cohort::kernels
