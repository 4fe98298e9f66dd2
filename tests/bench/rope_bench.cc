#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>

#include "kernels/rope/rope.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

// Llama's halves over whole heads, DeepSeek's pairs at their end.
struct Form {
  int64_t heads, dim, rotary;
  bool interleaved;
};
constexpr Form kHalves{llama::kHeads, llama::kHeadDim, llama::kHeadDim, false};
constexpr Form kPairs{moe_model::kHeads, moe_model::kNopeDim + moe_model::kRopeDim,
                      moe_model::kRopeDim, true};

// Arguments: rows, bf16.
void rope_rows_bench(benchmark::State& state, const Form& form, bool train) {
  const int64_t rows = state.range(0);
  const at::AutoGradMode grad(train);
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({rows, form.heads, form.dim}, dtype, train);
  const at::Tensor dy = values({rows, form.heads, form.dim}, dtype);
  RopeConfig config;
  config.rotary = form.rotary;
  const RopeTable table = make_rope_table(config, rows);
  const at::Tensor positions = at::arange(rows, at::kInt);
  for (auto _ : state) {
    const at::Tensor y = rope(x, table, positions, form.interleaved);
    benchmark::DoNotOptimize(y);
    if (train) run_backward(y, dy, {x});
  }
  report(state, 0,
         (train ? 4 : 2) * bytes_of(state.range(1)) *
             static_cast<double>(rows * form.heads * form.dim));
}

void rope_forward(benchmark::State& state, const Form& form) {
  rope_rows_bench(state, form, false);
}
void rope_training(benchmark::State& state, const Form& form) {
  rope_rows_bench(state, form, true);
}

BENCHMARK_CAPTURE(rope_forward, halves, kHalves)->Apply(decode_and_training);
BENCHMARK_CAPTURE(rope_forward, pairs, kPairs)->Apply(decode_and_training);
BENCHMARK_CAPTURE(rope_training, halves, kHalves)->Apply(training);
BENCHMARK_CAPTURE(rope_training, pairs, kPairs)->Apply(training);

}  // namespace
}  // namespace cohort::kernels
