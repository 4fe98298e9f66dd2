// What the benchmarks of the ops share: operands, shapes, and the report beside the machine's
// peaks.
//
// Shapes are those of two models. Llama: SmolLM2-135M, grouped queries, 49,152 tokens. Moe: a small
// DeepSeek-V3 with latent attention and 16 experts.
#pragma once

#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <benchmark/benchmark.h>

#include <initializer_list>
#include <memory>
#include <numeric>
#include <vector>

#include "kernels/param.h"

namespace cohort::kernels {

namespace llama {
inline constexpr int64_t kHidden = 576, kInner = 1536, kVocab = 49152, kHeads = 9, kKvHeads = 3,
                         kHeadDim = 64, kQkv = 960;
}
namespace moe_model {
inline constexpr int64_t kHidden = 256, kInner = 128, kExperts = 16, kTopK = 4, kHeads = 8,
                         kNopeDim = 32, kRopeDim = 16, kValueDim = 32, kLatent = 64;
}

// GFLOP/s and GB/s of all threads, measured once by main.
struct Yardsticks {
  double fp32 = 0, bf16 = 0, memory = 0;
};
const Yardsticks& yardsticks();

inline constexpr const char *kGflops = "GFLOP/s", *kGbytes = "GB/s", *kOfPeak = "of peak",
                            *kOfMemory = "of memory";

// The arithmetic and the traffic of one iteration (each operand once), as rates and as shares of
// the peaks: of memory more than all where operands stay in a cache. No flop: not counted, memory
// is the limit.
inline void report(benchmark::State& state, double flop, double bytes,
                   at::ScalarType dtype = at::kFloat) {
  const double n = static_cast<double>(state.iterations()) / 1e9;
  const auto rate = [](double value) {
    return benchmark::Counter(value, benchmark::Counter::kIsRate);
  };
  if (flop > 0) {
    const double peak = dtype == at::kBFloat16 ? yardsticks().bf16 : yardsticks().fp32;
    state.counters[kGflops] = rate(flop * n);
    state.counters[kOfPeak] = rate(flop * n / peak);
  }
  state.counters[kGbytes] = rate(bytes * n);
  state.counters[kOfMemory] = rate(bytes * n / yardsticks().memory);
}

inline at::ScalarType dtype_of(int64_t bf16) { return bf16 ? at::kBFloat16 : at::kFloat; }
inline double bytes_of(int64_t bf16) { return bf16 ? 2 : 4; }

inline at::Tensor values(at::IntArrayRef sizes, at::ScalarType dtype, bool requires_grad = false) {
  at::Tensor x = at::randn(sizes).to(dtype);
  x.set_requires_grad(requires_grad);
  return x;
}

// With a gradient of so many shards; 0: frozen. Small, as a model's are: logits that differ by 90
// and more have denormal probabilities, which take a processor a hundred times as long.
inline Param weight(at::IntArrayRef sizes, at::ScalarType dtype, int64_t shards = 0) {
  Param w;
  w.data = at::randn(sizes).mul_(0.02).to(dtype);
  if (shards > 0) {
    std::vector<int64_t> grad{shards};
    grad.insert(grad.end(), sizes.begin(), sizes.end());
    w.grad = at::zeros(grad, at::kFloat);
  }
  return w;
}

inline constexpr int64_t kShards = 8;
inline RowShards row_shards(int64_t rows) {
  std::vector<int64_t> borders;
  for (int64_t s = 0; s <= kShards; ++s) borders.push_back(s * rows / kShards);
  return std::make_shared<const std::vector<int64_t>>(std::move(borders));
}

// Gradients of `inputs` by y's backward, given away again so that none is added to.
inline void run_backward(const at::Tensor& y, const at::Tensor& dy,
                         std::initializer_list<at::Tensor> inputs) {
  y.backward(dy);
  for (const at::Tensor& input : inputs) input.mutable_grad().reset();
}

// Rows, then fp32 and bf16.
inline void rows_and_types(benchmark::internal::Benchmark* b, std::initializer_list<int64_t> rows) {
  for (const int64_t bf16 : {0, 1})
    for (const int64_t count : rows) b->Args({count, bf16});
  b->ArgNames({"rows", "bf16"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
inline void decode_and_training(benchmark::internal::Benchmark* b) {
  rows_and_types(b, {1, 64, 2048});
}
inline void training(benchmark::internal::Benchmark* b) { rows_and_types(b, {2048}); }

}  // namespace cohort::kernels
