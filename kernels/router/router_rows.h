// The gate on plain rows. One thread: callers deal the rows (forward, dx) or the columns (dw).
#pragma once

#include <cstdint>

#include "kernels/math/bf16.h"

namespace cohort::kernels {

// w [experts, dim] packed as [ceil(experts / 16)][dim][16] floats, spare lanes 0.
int64_t packed_gate_size(int64_t experts, int64_t dim);
template <class T>
void pack_gate(const T* w, int64_t experts, int64_t dim, float* packed);

// With l[r, e] = sum_d x[r, d] w[e, d], one fp32 accumulator, d in order: scores[r, e] =
// sigmoid(l), or the softmax of row r over its experts (expert e in lane e % 16 of one vector sum,
// the lanes in a fixed tree). scores rows are `experts` apart.
template <class T>
void gate_scores(const T* x, const float* packed, int64_t rows, int64_t experts, int64_t dim,
                 bool softmax, float* scores);

// dx[r, d] = sum over e, in order, of d_logits[r, e] w[e, d]; experts with 0 are left out.
template <class T>
void gate_input_grad(const float* d_logits, const T* w, int64_t rows, int64_t experts, int64_t dim,
                     T* dx);

// dw[e, d] += sum over rows, in order, of d_logits[r, e] x[r, d], for columns d in [begin, end).
template <class T>
void gate_weight_grad(const float* d_logits, const T* x, int64_t rows, int64_t experts, int64_t dim,
                      int64_t begin, int64_t end, float* dw);

}  // namespace cohort::kernels
