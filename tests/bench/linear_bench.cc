// GFLOP/s (and GB/s of weights) of linear beside LibTorch's own, on all threads.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>

#include "kernels/linear/linear.h"
#include "kernels/moe/moe.h"

namespace cohort::kernels {
namespace {

at::ScalarType dtype_of(int64_t bf16) { return bf16 ? at::kBFloat16 : at::kFloat; }

Param weight(at::IntArrayRef sizes, at::ScalarType dtype, int64_t shards = 0) {
  Param w;
  w.data = at::randn(sizes).to(dtype);
  if (shards > 0) {
    std::vector<int64_t> grad{shards};
    grad.insert(grad.end(), sizes.begin(), sizes.end());
    w.grad = at::zeros(grad, at::kFloat);
  }
  return w;
}

void report(benchmark::State& state, double flops, double bytes) {
  const double n = static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(flops * n / 1e9, benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(bytes * n / 1e9, benchmark::Counter::kIsRate);
}

// Arguments: M, N, K, bf16.
void product_report(benchmark::State& state) {
  const double m = state.range(0), n = state.range(1), k = state.range(2);
  report(state, 2 * m * n * k, n * k * (state.range(3) ? 2 : 4));
}

void forward(benchmark::State& state) {
  at::NoGradGuard no_grad;
  const at::ScalarType dtype = dtype_of(state.range(3));
  const at::Tensor x = at::randn({state.range(0), state.range(2)}).to(dtype);
  const Param w = weight({state.range(1), state.range(2)}, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(linear(x, w, nullptr));
  product_report(state);
}

void library_forward(benchmark::State& state) {
  at::NoGradGuard no_grad;
  const at::ScalarType dtype = dtype_of(state.range(3));
  const at::Tensor x = at::randn({state.range(0), state.range(2)}).to(dtype);
  const Param w = weight({state.range(1), state.range(2)}, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(at::linear(x, w.data));
  product_report(state);
}

void input_grad(benchmark::State& state) {
  const at::ScalarType dtype = dtype_of(state.range(3));
  const at::Tensor dy = at::randn({state.range(0), state.range(1)}).to(dtype);
  const Param w = weight({state.range(1), state.range(2)}, dtype);
  at::Tensor dx = at::empty({state.range(0), state.range(2)}, dy.options());
  for (auto _ : state) linear_input_grad_out(dy, w, dx);
  product_report(state);
}

void weight_grad(benchmark::State& state) {  // eight shards
  const at::ScalarType dtype = dtype_of(state.range(3));
  const at::Tensor x = at::randn({state.range(0), state.range(2)}).to(dtype);
  const at::Tensor dy = at::randn({state.range(0), state.range(1)}).to(dtype);
  const Param w = weight({state.range(1), state.range(2)}, dtype, 8);
  std::vector<int64_t> shards;
  for (int64_t s = 0; s <= 8; ++s) shards.push_back(s * state.range(0) / 8);
  for (auto _ : state) linear_weight_grad(dy, x, w, shards);
  product_report(state);
}

void library_weight_grad(benchmark::State& state) {
  const at::ScalarType dtype = dtype_of(state.range(3));
  const at::Tensor x = at::randn({state.range(0), state.range(2)}).to(dtype);
  const at::Tensor dy = at::randn({state.range(0), state.range(1)}).to(dtype);
  for (auto _ : state) benchmark::DoNotOptimize(at::matmul(dy.t(), x));
  product_report(state);
}

void packing(benchmark::State& state) {
  const at::ScalarType dtype = dtype_of(state.range(3));
  Param w = weight({state.range(1), state.range(2)}, dtype);
  const at::Tensor x = at::randn({1, state.range(2)}).to(dtype);
  const at::Tensor dy = at::randn({1, state.range(1)}).to(dtype);
  at::Tensor y = at::empty({1, state.range(1)}, x.options()), dx = at::empty_like(x);
  for (auto _ : state) {
    ++w.version;
    linear_out(x, w, y);
    linear_input_grad_out(dy, w, dx);
  }
  product_report(state);
}

// The experts of a small model: T tokens, 16 experts, 4 a token, hidden 256, inner 128.
void experts(benchmark::State& state, bool backward) {
  const int64_t tokens = state.range(0), hidden = 256, inner = 128, num_experts = 16, top_k = 4;
  const at::ScalarType dtype = dtype_of(state.range(1));
  at::AutoGradMode grad(backward);
  at::Tensor x = at::randn({tokens, hidden}).to(dtype);
  x.set_requires_grad(backward);
  const at::Tensor index = at::randint(num_experts, {tokens, top_k}).to(at::kInt);
  const at::Tensor weights = at::rand({tokens, top_k});
  const Param up = weight({num_experts, 2 * inner, hidden}, dtype, 8);
  const Param down = weight({num_experts, hidden, inner}, dtype, 8);
  std::vector<int64_t> borders;
  for (int64_t s = 0; s <= 8; ++s) borders.push_back(s * tokens / 8);
  const RowShards shards = std::make_shared<const std::vector<int64_t>>(borders);
  const at::Tensor dy = at::randn({tokens, hidden}).to(dtype);
  for (auto _ : state) {
    at::Tensor y = moe(x, index, weights, up, down, shards);
    if (backward) y.backward(dy);
  }
  report(state, (backward ? 3.0 : 1.0) * 2 * tokens * top_k * 3 * inner * hidden, 0);
}
void experts_forward(benchmark::State& state) { experts(state, false); }
void experts_training(benchmark::State& state) { experts(state, true); }

void products(benchmark::internal::Benchmark* b) {
  for (int64_t bf16 : {0, 1}) {
    for (int64_t m : {1, 8, 64, 256}) b->Args({m, 1536, 576, bf16});
    b->Args({768, 256, 256, bf16});
    b->Args({64, 128, 128, bf16});
    b->Args({8, 49152, 576, bf16});
  }
  b->UseRealTime()->Unit(benchmark::kMicrosecond);
}
void gradients(benchmark::internal::Benchmark* b) {
  for (int64_t bf16 : {0, 1}) {
    b->Args({1600, 256, 256, bf16})->Args({1600, 1536, 576, bf16})->Args({1600, 128, 128, bf16});
  }
  b->UseRealTime()->Unit(benchmark::kMicrosecond);
}
void moes(benchmark::internal::Benchmark* b) {
  for (int64_t bf16 : {0, 1}) b->Args({64, bf16})->Args({1024, bf16})->Args({6000, bf16});
  b->UseRealTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK(forward)->Apply(products);
BENCHMARK(library_forward)->Apply(products);
BENCHMARK(input_grad)->Apply(gradients);
BENCHMARK(weight_grad)->Apply(gradients);
BENCHMARK(library_weight_grad)->Apply(gradients);
BENCHMARK(packing)->Apply(gradients);
BENCHMARK(experts_forward)->Apply(moes);
BENCHMARK(experts_training)->Apply(moes);

}  // namespace
}  // namespace cohort::kernels

BENCHMARK_MAIN();
