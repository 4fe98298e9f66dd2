// linear beside LibTorch's own, one weight that caches may hold. `cohort bench gemm` takes weights
// from memory.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>

#include "kernels/linear/linear.h"
#include "kernels/speed/library_threads.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

// Arguments: rows, columns, inner, bf16.
struct Product {
  explicit Product(const benchmark::State& state)
      : rows(state.range(0)),
        columns(state.range(1)),
        inner(state.range(2)),
        bf16(state.range(3)),
        dtype(dtype_of(bf16)) {}

  void report_to(benchmark::State& state) const {
    const auto m = static_cast<double>(rows), n = static_cast<double>(columns),
               k = static_cast<double>(inner);
    report(state, 2 * m * n * k, bytes_of(bf16) * (n * k + m * (n + k)), dtype);
  }

  int64_t rows, columns, inner, bf16;
  at::ScalarType dtype;
};

void linear_forward(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const Product p(state);
  const at::Tensor x = values({p.rows, p.inner}, p.dtype);
  const Param w = weight({p.columns, p.inner}, p.dtype);
  at::Tensor y = at::empty({p.rows, p.columns}, x.options());
  linear_out(x, w, y);  // packs w
  for (auto _ : state) linear_out(x, w, y);
  p.report_to(state);
}

// The same with weights in blocks of 8-bit integers.
void linear_forward_q8(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const Product p(state);
  const at::Tensor x = values({p.rows, p.inner}, p.dtype);
  Param w = weight({p.columns, p.inner}, p.dtype);
  w.format = WeightFormat::q8_0;
  at::Tensor y = at::empty({p.rows, p.columns}, x.options());
  linear_out(x, w, y);  // packs w
  for (auto _ : state) linear_out(x, w, y);
  const auto m = static_cast<double>(p.rows), n = static_cast<double>(p.columns),
             k = static_cast<double>(p.inner);
  constexpr double kBlockBytes = 34.0 / 32;
  report(state, 2 * m * n * k, kBlockBytes * n * k + bytes_of(p.bf16) * m * (n + k), p.dtype);
}

void linear_forward_library(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const Product p(state);
  const at::Tensor x = values({p.rows, p.inner}, p.dtype),
                   w = values({p.columns, p.inner}, p.dtype);
  at::Tensor y = at::empty({p.rows, p.columns}, x.options());
  const LibraryThreads threads;
  for (auto _ : state) at::linear_out(y, x, w);
  p.report_to(state);
}

void linear_input_grad(benchmark::State& state) {
  const Product p(state);
  const at::Tensor dy = values({p.rows, p.columns}, p.dtype);
  const Param w = weight({p.columns, p.inner}, p.dtype);
  at::Tensor dx = at::empty({p.rows, p.inner}, dy.options());
  linear_input_grad_out(dy, w, dx);  // packs w
  for (auto _ : state) linear_input_grad_out(dy, w, dx);
  p.report_to(state);
}

void linear_weight_gradient(benchmark::State& state) {
  const Product p(state);
  const at::Tensor x = values({p.rows, p.inner}, p.dtype),
                   dy = values({p.rows, p.columns}, p.dtype);
  const Param w = weight({p.columns, p.inner}, p.dtype, kShards);
  const RowShards shards = row_shards(p.rows);
  for (auto _ : state) linear_weight_grad(dy, x, w, *shards);
  p.report_to(state);
}

void linear_weight_gradient_library(benchmark::State& state) {
  const Product p(state);
  const at::Tensor x = values({p.rows, p.inner}, p.dtype),
                   dy = values({p.rows, p.columns}, p.dtype);
  const LibraryThreads threads;
  for (auto _ : state) benchmark::DoNotOptimize(at::matmul(dy.t(), x));
  p.report_to(state);
}

// Both packed forms of a weight, as after an update, with a row of work.
void linear_packing(benchmark::State& state) {
  const Product p(state);
  Param w = weight({p.columns, p.inner}, p.dtype);
  const at::Tensor x = values({1, p.inner}, p.dtype), dy = values({1, p.columns}, p.dtype);
  at::Tensor y = at::empty({1, p.columns}, x.options()), dx = at::empty_like(x);
  for (auto _ : state) {
    ++w.version;
    linear_out(x, w, y);
    linear_input_grad_out(dy, w, dx);
  }
  report(state, 0, 4 * bytes_of(p.bf16) * static_cast<double>(p.columns * p.inner));
}

void shapes(benchmark::internal::Benchmark* b, std::initializer_list<int64_t> rows,
            std::initializer_list<std::pair<int64_t, int64_t>> weights) {
  for (const int64_t bf16 : {0, 1})
    for (const auto& [columns, inner] : weights)
      for (const int64_t count : rows) b->Args({count, columns, inner, bf16});
  b->ArgNames({"rows", "columns", "inner", "bf16"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}
void products(benchmark::internal::Benchmark* b) {
  shapes(b, {1, 4, 64, 512},
         {{256, 256}, {2 * llama::kInner, llama::kHidden}, {llama::kHidden, llama::kInner}});
  shapes(b, {1, 8}, {{llama::kVocab, llama::kHidden}});
}
void gradients(benchmark::internal::Benchmark* b) {
  shapes(b, {1600}, {{256, 256}, {llama::kInner, llama::kHidden}, {128, 128}});
}

BENCHMARK(linear_forward)->Apply(products);
BENCHMARK(linear_forward_q8)->Apply(products);
BENCHMARK(linear_forward_library)->Apply(products);
BENCHMARK(linear_input_grad)->Apply(gradients);
BENCHMARK(linear_weight_gradient)->Apply(gradients);
BENCHMARK(linear_weight_gradient_library)->Apply(gradients);
BENCHMARK(linear_packing)->Apply(gradients);

}  // namespace
}  // namespace cohort::kernels
