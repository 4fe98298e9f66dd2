// What every op's host side shares: element types, pointers, threads.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "kernels/math/bf16.h"

namespace cohort::kernels {

// Calls fn.operator()<float>() or <Bf16>().
template <class Fn>
void for_dtype(at::ScalarType dtype, Fn&& fn) {
  if (dtype == at::kFloat) {
    fn.template operator()<float>();
  } else {
    COHORT_CHECK(dtype == at::kBFloat16, "kernels take fp32 and bf16, not {}",
                 c10::toString(dtype));
    fn.template operator()<Bf16>();
  }
}

template <class T>
const T* in_ptr(const at::Tensor& x) {
  return static_cast<const T*>(x.const_data_ptr());
}
template <class T>
T* out_ptr(const at::Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

// fn(begin, end) over independent items that cost about `work` element operations each; small jobs
// stay on this thread. Only ever over independent items: no sum is split by threads.
template <class Fn>
void parallel_items(int64_t items, int64_t work, const Fn& fn) {
  constexpr int64_t kWorthAThread = 16384;
  parallel_ranges(items, std::max<int64_t>(1, kWorthAThread / std::max<int64_t>(1, work)), fn);
}

// A column range a multiple of 64 wide, so that sums over rows can be dealt to threads by column.
inline constexpr int64_t kColumnChunk = 64;
inline int64_t column_chunks(int64_t columns) {
  return (columns + kColumnChunk - 1) / kColumnChunk;
}

}  // namespace cohort::kernels
