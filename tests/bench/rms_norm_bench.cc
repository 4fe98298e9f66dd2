#include <ATen/core/grad_mode.h>

#include "kernels/rms_norm/rms_norm.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

using llama::kHidden;

double row_bytes(const benchmark::State& state, int64_t rows_moved) {
  return bytes_of(state.range(1)) * static_cast<double>(rows_moved * state.range(0) * kHidden);
}

void rms_norm_forward(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({state.range(0), kHidden}, dtype);
  const Param w = weight({kHidden}, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(rms_norm(x, w, 1e-5, nullptr));
  report(state, 0, row_bytes(state, 2));
}

void rms_norm_add_forward(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({state.range(0), kHidden}, dtype),
                   delta = values({state.range(0), kHidden}, dtype);
  const Param w = weight({kHidden}, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(add_rms_norm(x, delta, w, 1e-5, nullptr));
  report(state, 0, row_bytes(state, 4));
}

// Backward reads x and dy, writes dx.
void rms_norm_training(benchmark::State& state) {
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({state.range(0), kHidden}, dtype, true),
                   dy = values({state.range(0), kHidden}, dtype);
  const Param w = weight({kHidden}, dtype, kShards);
  const RowShards shards = row_shards(state.range(0));
  for (auto _ : state) run_backward(rms_norm(x, w, 1e-5, shards), dy, {x});
  report(state, 0, row_bytes(state, 5));
}

// Backward through the normed rows alone.
void rms_norm_add_training(benchmark::State& state) {
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({state.range(0), kHidden}, dtype, true),
                   delta = values({state.range(0), kHidden}, dtype, true),
                   dy = values({state.range(0), kHidden}, dtype);
  const Param w = weight({kHidden}, dtype, kShards);
  const RowShards shards = row_shards(state.range(0));
  for (auto _ : state) run_backward(add_rms_norm(x, delta, w, 1e-5, shards).normed, dy, {x, delta});
  report(state, 0, row_bytes(state, 7));
}

BENCHMARK(rms_norm_forward)->Apply(decode_and_training);
BENCHMARK(rms_norm_add_forward)->Apply(decode_and_training);
BENCHMARK(rms_norm_training)->Apply(training);
BENCHMARK(rms_norm_add_training)->Apply(training);

}  // namespace
}  // namespace cohort::kernels
