#include "kernels/device/cuda_support.cuh"

// A block a row; element d belongs to thread d % kThreads, the threads' sums in a fixed tree.
namespace cohort::kernels::device {
namespace {

// 1 / sqrt(mean(x^2) + eps).
template <class T>
__device__ float inverse_rms(const T* x, int64_t dim, float eps) {
  float sum = 0.0f;
  for (int64_t d = threadIdx.x; d < dim; d += kThreads) {
    const float value = load(x[d]);
    sum = fmaf(value, value, sum);
  }
  return 1.0f / sqrtf(block_sum<kThreads>(sum) / static_cast<float>(dim) + eps);
}

// The factor on a normed value, and the value as the factor meets it; rms_norm_rows.cc.
template <class T>
__device__ float factor_of(const T* w, int64_t d, bool unit_offset) {
  return unit_offset ? load(w[d]) + 1.0f : load(w[d]);
}
template <class T>
__device__ float normed_value(float normed, bool unit_offset) {
  return unit_offset ? normed : round_to<T>(normed);
}

template <class T>
__global__ void forward_kernel(RmsNorm s) {
  const int64_t row = blockIdx.x;
  const T* x = static_cast<const T*>(s.x) + row * s.x_row;
  const T* w = static_cast<const T*>(s.w);
  T* y = static_cast<T*>(s.y) + row * s.dim;
  if (s.delta != nullptr) {
    const T* delta = static_cast<const T*>(s.delta) + row * s.dim;
    T* residual = static_cast<T*>(s.residual) + row * s.dim;
    for (int64_t d = threadIdx.x; d < s.dim; d += kThreads) {
      store(load(x[d]) + load(delta[d]), residual[d]);
    }
    x = residual;  // each thread reads what it wrote itself
  }
  const float scale = inverse_rms(x, s.dim, s.eps);
  for (int64_t d = threadIdx.x; d < s.dim; d += kThreads) {
    store(factor_of(w, d, s.unit_offset) * normed_value<T>(load(x[d]) * scale, s.unit_offset), y[d]);
  }
}

// With n = x scale and g = dy factor: dx = scale (g - n mean(g n)) + d_residual.
template <class T>
__global__ void backward_kernel(RmsNormBackward s) {
  const int64_t row = blockIdx.x;
  const T* x = static_cast<const T*>(s.x) + row * s.x_row;
  const T* w = static_cast<const T*>(s.w);
  const T* dy = static_cast<const T*>(s.dy) + row * s.dim;
  T* dx = static_cast<T*>(s.dx) + row * s.dim;
  const float scale = inverse_rms(x, s.dim, s.eps);
  float sum = 0.0f;
  for (int64_t d = threadIdx.x; d < s.dim; d += kThreads) {
    sum = fmaf(load(dy[d]) * factor_of(w, d, s.unit_offset), load(x[d]) * scale, sum);
  }
  const float mean = block_sum<kThreads>(sum) / static_cast<float>(s.dim);
  for (int64_t d = threadIdx.x; d < s.dim; d += kThreads) {
    const float g = load(dy[d]) * factor_of(w, d, s.unit_offset), n = load(x[d]) * scale;
    float value = scale * (g - n * mean);
    if (s.d_residual != nullptr) {
      value += load(static_cast<const T*>(s.d_residual)[row * s.dim + d]);
    }
    store(value, dx[d]);
  }
  if (threadIdx.x == 0) s.scale[row] = scale;
}

// A thread a column.
template <class T>
__global__ void weight_grad_kernel(RmsNormWeightGrad s) {
  const int64_t c = item_index();
  if (c >= s.dim) return;
  float sum = s.dw[c];
  for (int64_t row = s.begin; row < s.end; ++row) {
    const float x = load(static_cast<const T*>(s.x)[row * s.x_row + c]);
    const float dy = load(static_cast<const T*>(s.dy)[row * s.dim + c]);
    sum = fmaf(dy, normed_value<T>(x * s.scale[row], s.unit_offset), sum);
  }
  s.dw[c] = sum;
}

}  // namespace

void rms_norm(const RmsNorm& s) {
  for_element(s.element, [&]<class T>() {
    launch(forward_kernel<T>, one_block_each(s.rows), dim3(kThreads), s, "rms_norm");
  });
}

void rms_norm_backward(const RmsNormBackward& s) {
  for_element(s.element, [&]<class T>() {
    launch(backward_kernel<T>, one_block_each(s.rows), dim3(kThreads), s, "rms_norm backward");
  });
}

void rms_norm_weight_grad(const RmsNormWeightGrad& s) {
  for_element(s.element, [&]<class T>() {
    launch(weight_grad_kernel<T>, grid_of(s.dim), dim3(kThreads), s, "rms_norm weight gradient");
  });
}

}  // namespace cohort::kernels::device
