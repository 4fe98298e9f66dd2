#include "kernels/device/cuda_support.cuh"

namespace cohort::kernels::device {
namespace {

// A thread an element of y; choices in order.
template <class T>
__global__ void combine_kernel(CombineRows s) {
  const int64_t item = item_index();
  if (item >= s.tokens * s.width) return;
  const int64_t first = item / s.width * s.top_k, c = item % s.width;
  float sum = 0.0f;
  for (int64_t j = first; j < first + s.top_k; ++j) {
    const int64_t row = s.picks[j];
    const float value = load(static_cast<const T*>(s.rows)[row * s.width + c]);
    sum = s.weights != nullptr ? fmaf(s.weights[j], value, sum) : sum + value;
  }
  store(sum, static_cast<T*>(s.y)[item]);
}

// A block a row; element c belongs to thread c % kThreads.
template <class T>
__global__ void weigh_kernel(WeighRows s) {
  const int64_t row = blockIdx.x;
  const int32_t slot = s.slot[row];
  const float weight = s.weight[slot];
  const float* d_act = s.d_act + row * s.width;
  T* act = static_cast<T*>(s.act) + row * s.width;
  T* d_weighted = static_cast<T*>(s.d_weighted) + row * s.width;
  float dot = 0.0f;
  for (int64_t c = threadIdx.x; c < s.width; c += kThreads) {
    const float a = load(act[c]), d = d_act[c];
    dot = fmaf(a, d, dot);
    store(weight * a, act[c]);
    store(weight * d, d_weighted[c]);
  }
  dot = block_sum<kThreads>(dot);
  if (threadIdx.x == 0) s.d_weight[slot] = dot;
}

}  // namespace

void combine_rows(const CombineRows& s) {
  for_element(s.element, [&]<class T>() {
    launch(combine_kernel<T>, grid_of(s.tokens * s.width), dim3(kThreads), s, "combine rows");
  });
}

void weigh_rows(const WeighRows& s) {
  for_element(s.element, [&]<class T>() {
    launch(weigh_kernel<T>, one_block_each(s.rows), dim3(kThreads), s, "weigh rows");
  });
}

}  // namespace cohort::kernels::device
