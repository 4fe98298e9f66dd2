// Over buffers that no cache holds, as an update has them.
#include <ATen/ops/empty.h>

#include "kernels/optimizer/flat_ops.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

constexpr int64_t kElements = int64_t{32} << 20;

at::Tensor flat() { return values({kElements}, at::kFloat); }

// Reads master, moments and gradient; writes master and moments.
void optimizer_adamw(benchmark::State& state) {
  const at::Tensor master = flat(), m = flat(), v = flat().abs(), grad = flat();
  const AdamWStep step{.lr = 1e-6,
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .eps = 1e-8,
                       .weight_decay = 0.01,
                       .grad_scale = 0.5,
                       .step = 10};
  for (auto _ : state) adamw_update(master, m, v, grad, step);
  report(state, 0, 28.0 * kElements);
}

void optimizer_norm(benchmark::State& state) {
  const at::Tensor x = flat();
  for (auto _ : state) benchmark::DoNotOptimize(block_sums_of_squares(x));
  report(state, 0, 4.0 * kElements);
}

void optimizer_round_to_bf16(benchmark::State& state) {
  const at::Tensor x = flat(), y = at::empty({kElements}, at::kBFloat16);
  for (auto _ : state) round_to_bf16(x, y);
  report(state, 0, 6.0 * kElements);
}

BENCHMARK(optimizer_adamw)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(optimizer_norm)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(optimizer_round_to_bf16)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace cohort::kernels
