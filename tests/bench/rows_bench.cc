#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>

#include "kernels/rows/rows.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

using llama::kHidden;

// Every other row is picked. Arguments: rows, bf16.
void rows_pick(benchmark::State& state, bool train) {
  const int64_t rows = state.range(0), picked = (rows + 1) / 2;
  const at::AutoGradMode grad(train);
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({rows, kHidden}, dtype, train), dy = values({picked, kHidden}, dtype);
  const at::Tensor index = at::arange(0, rows, 2, at::kInt);
  for (auto _ : state) {
    const at::Tensor y = pick_rows(x, index);
    benchmark::DoNotOptimize(y);
    if (train) run_backward(y, dy, {x});
  }
  const auto moved = static_cast<double>(2 * picked + (train ? picked + rows : 0));
  report(state, 0, bytes_of(state.range(1)) * moved * kHidden);
}

void rows_pick_forward(benchmark::State& state) { rows_pick(state, false); }
void rows_pick_training(benchmark::State& state) { rows_pick(state, true); }

BENCHMARK(rows_pick_forward)->Apply(decode_and_training);
BENCHMARK(rows_pick_training)->Apply(training);

}  // namespace
}  // namespace cohort::kernels
