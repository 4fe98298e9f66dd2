#include <ATen/core/grad_mode.h>
#include <ATen/ops/randint.h>

#include "kernels/token_logprob/token_logprob.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

using llama::kHidden;
using llama::kVocab;

// Arguments: rows, bf16. One product in the forward pass; in the backward the logits again, dh and
// dw. Logits are never all in memory, so they are no traffic.
void token_logprob_rows(benchmark::State& state, bool train) {
  const int64_t rows = state.range(0);
  const at::AutoGradMode grad(train);
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor h = values({rows, kHidden}, dtype, train), d = values({rows}, at::kFloat);
  const at::Tensor targets = at::randint(kVocab, {rows}).to(at::kInt);
  const Param w = weight({kVocab, kHidden}, dtype, train ? 1 : 0);
  const auto shards = std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{0, rows});
  const auto run = [&] {
    const TokenLogprob result = token_logprob(h, w, targets, 1.0, kVocab, shards);
    benchmark::DoNotOptimize(result);
    if (train) run_backward(result.logprob, d, {h});
  };
  run();  // packs w
  for (auto _ : state) run();
  const double products = train ? 4 : 1;
  report(state, products * 2 * static_cast<double>(rows) * kHidden * kVocab,
         products * bytes_of(state.range(1)) * static_cast<double>((rows + kVocab) * kHidden),
         dtype);
}

void token_logprob_forward(benchmark::State& state) { token_logprob_rows(state, false); }
void token_logprob_training(benchmark::State& state) { token_logprob_rows(state, true); }

void row_counts(benchmark::internal::Benchmark* b) { rows_and_types(b, {64, 512}); }

BENCHMARK(token_logprob_forward)->Apply(row_counts);
BENCHMARK(token_logprob_training)->Apply(row_counts);

}  // namespace
}  // namespace cohort::kernels
