#include <ATen/core/grad_mode.h>

#include "kernels/bias/bias.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

using llama::kQkv;

// Arguments: rows, bf16. Forward reads and writes; backward reads.
void bias_rows(benchmark::State& state, bool train) {
  const int64_t rows = state.range(0);
  const at::AutoGradMode grad(train);
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({rows, kQkv}, dtype, train), dy = values({rows, kQkv}, dtype);
  const Param b = weight({kQkv}, dtype, train ? kShards : 0);
  const RowShards shards = row_shards(rows);
  for (auto _ : state) {
    const at::Tensor y = add_bias(x, b, shards);
    benchmark::DoNotOptimize(y);
    if (train) run_backward(y, dy, {x});
  }
  report(state, 0, (train ? 3 : 2) * bytes_of(state.range(1)) * static_cast<double>(rows * kQkv));
}

void bias_forward(benchmark::State& state) { bias_rows(state, false); }
void bias_training(benchmark::State& state) { bias_rows(state, true); }

BENCHMARK(bias_forward)->Apply(decode_and_training);
BENCHMARK(bias_training)->Apply(training);

}  // namespace
}  // namespace cohort::kernels
