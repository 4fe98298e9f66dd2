#include <ATen/core/grad_mode.h>

#include "kernels/swiglu/swiglu.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

// Arguments: rows, bf16. Forward reads two and writes one, backward reads three and writes two.
void swiglu_rows_bench(benchmark::State& state, bool train) {
  const int64_t rows = state.range(0);
  const at::AutoGradMode grad(train);
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({rows, 2 * llama::kInner}, dtype, train);
  const at::Tensor dy = values({rows, llama::kInner}, dtype);
  for (auto _ : state) {
    const at::Tensor y = swiglu(x);
    benchmark::DoNotOptimize(y);
    if (train) run_backward(y, dy, {x});
  }
  report(state, 0,
         (train ? 8 : 3) * bytes_of(state.range(1)) * static_cast<double>(rows * llama::kInner));
}

void swiglu_forward(benchmark::State& state) { swiglu_rows_bench(state, false); }
void swiglu_training(benchmark::State& state) { swiglu_rows_bench(state, true); }

BENCHMARK(swiglu_forward)->Apply(decode_and_training);
BENCHMARK(swiglu_training)->Apply(training);

}  // namespace
}  // namespace cohort::kernels
