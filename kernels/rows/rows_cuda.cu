#include "kernels/device/cuda_support.cuh"

// A thread an element of the result.
namespace cohort::kernels::device {
namespace {

template <class T>
__global__ void gather_kernel(GatherRows s) {
  const int64_t item = item_index();
  if (item >= s.rows * s.dim) return;
  const int64_t row = s.index[item / s.dim];
  static_cast<T*>(s.out)[item] = static_cast<const T*>(s.in)[row * s.in_row + item % s.dim];
}

template <class T>
__global__ void sum_kernel(SumRows s) {
  const int64_t item = item_index();
  if (item >= s.count * s.dim) return;
  const int64_t i = item / s.dim, c = item % s.dim;
  const int64_t out = s.target[i] * s.dim + c;
  float sum = s.add ? static_cast<const float*>(s.out)[out] : 0.0f;
  for (int64_t p = s.offsets[i]; p < s.offsets[i + 1]; ++p) {
    sum += load(static_cast<const T*>(s.in)[s.source[p] * s.dim + c]);
  }
  if (s.add) {
    static_cast<float*>(s.out)[out] = sum;
  } else {
    store(sum, static_cast<T*>(s.out)[out]);
  }
}

}  // namespace

void gather_rows(const GatherRows& s) {
  for_element(s.element, [&]<class T>() {
    launch(gather_kernel<T>, grid_of(s.rows * s.dim), dim3(kThreads), s, "gather rows");
  });
}

void sum_rows(const SumRows& s) {
  for_element(s.element, [&]<class T>() {
    launch(sum_kernel<T>, grid_of(s.count * s.dim), dim3(kThreads), s, "sum rows");
  });
}

}  // namespace cohort::kernels::device
