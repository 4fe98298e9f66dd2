// Rotation of plain rows. One thread: callers deal the rows.
#pragma once

#include <cstdint>

#include "kernels/math/bf16.h"

namespace cohort::kernels {

struct RopeRows {
  int64_t heads, dim, rotary;
  int64_t x_stride, x_head_stride;  // of the input; the output is contiguous
  bool interleaved;
  const float *cos, *sin;  // [positions, rotary / 2]
  const int32_t* positions;
};

// Rows [begin, end) of x into y. Pair (a, b) of the input is (2j, 2j+1) when interleaved, else (j,
// j + half); it leaves as (j, j + half): (a cos - b sin, b cos + a sin).
template <class T>
void rope_rows(const RopeRows& s, int64_t begin, int64_t end, const T* x, T* y);

// The transpose: dy and dx contiguous.
template <class T>
void rope_rows_backward(const RopeRows& s, int64_t begin, int64_t end, const T* dy, T* dx);

}  // namespace cohort::kernels
