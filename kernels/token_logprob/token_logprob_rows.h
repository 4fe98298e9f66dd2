// Softmax of one row of logits. One thread: callers deal the rows.
#pragma once

#include <cstdint>

#include "kernels/math/bf16.h"

namespace cohort::kernels {

struct SoftmaxRow {
  float max;      // of z = row * inv_temperature over the first num_valid columns
  float lse;      // log sum exp(z)
  float entropy;  // -sum p log p
};
SoftmaxRow softmax_row(const float* row, int64_t num_valid, float inv_temperature);

// The gradients that arrive at one row, and its lse and entropy from the forward pass. Columns and
// target are counted from the first column of a part; the target may lie outside of it.
struct LogprobRowGrad {
  int64_t num_columns, num_valid, target;
  float inv_temperature, lse, entropy;
  float d_logprob, d_entropy;
};
// d_row[v] = d loss / d row[v], rounded to T; 0 for columns past num_valid.
template <class T>
void logprob_row_backward(const float* row, const LogprobRowGrad& g, T* d_row);

}  // namespace cohort::kernels
