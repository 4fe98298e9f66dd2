// RMS norm on plain rows. One thread: callers deal the rows (forward, dx) or the columns (dw).
#pragma once

#include <cstdint>

#include "kernels/math/bf16.h"

namespace cohort::kernels {

// y[r] = w * cast(x[r] / sqrt(mean(x[r]^2) + eps)). x rows are x_stride apart, y rows dim. With
// delta (rows dim apart), x + delta is formed first, rounded to the dtype, stored in residual (rows
// dim apart) and normed.
struct RmsNormRows {
  int64_t rows, dim, x_stride;
  float eps;
  bool unit_offset;  // the factor is 1 + w, on what was not rounded before
};
template <class T>
void rms_norm_rows(const RmsNormRows& shape, const T* x, const T* w, T* y);
template <class T>
void add_rms_norm_rows(const RmsNormRows& shape, const T* x, const T* delta, const T* w,
                       T* residual, T* y);

// dx[r] from dy[r], both dim apart; added to d_residual[r] when that is not null. scale[r] = 1 /
// sqrt(...) is kept for the sum of dw.
template <class T>
void rms_norm_rows_backward(const RmsNormRows& shape, const T* x, const T* w, const T* dy,
                            const T* d_residual, T* dx, float* scale);

// dw[c] += sum over rows, in order, of dy[r, c] * cast(x[r, c] * scale[r]), for columns [begin,
// end).
template <class T>
void rms_norm_weight_grad(const RmsNormRows& shape, const T* x, const T* dy, const float* scale,
                          int64_t begin, int64_t end, float* dw);

}  // namespace cohort::kernels
