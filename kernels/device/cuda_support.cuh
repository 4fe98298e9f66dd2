// What every kernel shares: elements, indices, sums over a block, launches. Kernels are plain CUDA
// without a library; compiled with -fmad=false, so that a * b + c is fused only where fmaf says so.
//
// The tests compile the same files for the host, where their own header (tests/support) takes the
// place of the CUDA run-time.
#pragma once

#ifdef __CUDACC__
#include <cuda_runtime.h>
#endif

#include <cstdint>
#include <stdexcept>
#include <string>

#include "kernels/device/device_ops.h"
#include "kernels/math/bf16.h"

namespace cohort::kernels::device {

#ifdef __CUDACC__
void check(cudaError_t status, const char* what);

// kernel<<<grid, block>>>(argument) on LibTorch's stream, which is the default one.
template <class Argument>
void launch(void (*kernel)(Argument), dim3 grid, dim3 block, const Argument& argument,
            const char* what) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  kernel<<<grid, block>>>(argument);
  check(cudaGetLastError(), what);
}
#endif

inline constexpr int kThreads = 256;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline dim3 grid_of(int64_t items) {
  return dim3(static_cast<unsigned>(ceil_div(items, kThreads)), 1, 1);
}
inline dim3 one_block_each(int64_t items) { return dim3(static_cast<unsigned>(items), 1, 1); }

// The item of this thread when each thread has one.
__device__ inline int64_t item_index() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__device__ inline float load(float x) { return x; }
__device__ inline float load(Bf16 x) {
  return __uint_as_float(static_cast<uint32_t>(x.bits) << 16);
}

// Nearest even; a NaN stays a NaN. As kernels/math/scalar.h.
__device__ inline void store(float x, float& out) { out = x; }
__device__ inline void store(float x, Bf16& out) {
  const uint32_t bits = __float_as_uint(x);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  out.bits = static_cast<uint16_t>(x == x ? rounded : (bits >> 16) | 0x40u);
}
template <class T>
__device__ float round_to(float x) {
  T rounded;
  store(x, rounded);
  return load(rounded);
}

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// One value a thread becomes one of the block, joined in a fixed tree; every thread of the block
// calls it and gets it. kCount threads, a power of two.
template <int kCount, class Join>
__device__ float block_reduce(float value, Join join) {
  __shared__ float values[kCount];
  values[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = kCount / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      values[threadIdx.x] = join(values[threadIdx.x], values[threadIdx.x + half]);
    }
    __syncthreads();
  }
  const float joined = values[0];
  __syncthreads();
  return joined;
}
template <int kCount>
__device__ float block_sum(float value) {
  return block_reduce<kCount>(value, [](float a, float b) { return a + b; });
}
template <int kCount>
__device__ float block_max(float value) {
  return block_reduce<kCount>(value, [](float a, float b) { return fmaxf(a, b); });
}

// Calls fn.operator()<float>() or <Bf16>(), on the host.
template <class Fn>
void for_element(Element element, const Fn& fn) {
  if (element == Element::kFp32) {
    fn.template operator()<float>();
  } else {
    fn.template operator()<Bf16>();
  }
}

// Launchers, for the table.
void gemm(const Gemm&);
void gemm_bf16(const Gemm&);
void weight_grad(const WeightGrad&);
void weight_grad_bf16(const WeightGrad&);
void fp8_quantize(const Fp8Quantize&);
void fp8_gemm(const Fp8Gemm&);
void attention(const Attention&);
void attention_backward(const AttentionBackward&);
void rms_norm(const RmsNorm&);
void rms_norm_backward(const RmsNormBackward&);
void rms_norm_weight_grad(const RmsNormWeightGrad&);
void rope(const Rope&);
void swiglu(const Swiglu&);
void route(const Route&);
void balance_stats(const RouteGrad&);
void route_grad(const RouteGrad&);
void gate_input_grad(const GateGrad&);
void gate_weight_grad(const GateGrad&);
void gather_rows(const GatherRows&);
void sum_rows(const SumRows&);
void sort_by_expert(const SortByExpert&);
void expert_borders(const ExpertBorders&);
void combine_rows(const CombineRows&);
void weigh_rows(const WeighRows&);
void softmax_rows(const SoftmaxRows&);
void logprob_grad(const LogprobGrad&);
void adamw(const AdamW&);
void sums_of_squares(const SumsOfSquares&);
void tree_sum(const TreeSum&);

}  // namespace cohort::kernels::device
