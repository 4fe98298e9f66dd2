#include <ATen/core/grad_mode.h>
#include <ATen/ops/randint.h>

#include "kernels/embedding/embedding.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

using llama::kHidden;
using llama::kVocab;

// Arguments: rows, bf16. Forward reads and writes a row; backward reads one, and reads and writes
// one of fp32.
void embedding_rows(benchmark::State& state, bool train) {
  const int64_t rows = state.range(0);
  const at::AutoGradMode grad(train);
  const at::ScalarType dtype = dtype_of(state.range(1));
  const Param w = weight({kVocab, kHidden}, dtype, train ? 1 : 0);
  const at::Tensor tokens = at::randint(kVocab, {rows}).to(at::kInt),
                   dy = values({rows, kHidden}, dtype);
  const auto shards = std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{0, rows});
  for (auto _ : state) {
    const at::Tensor y = embedding(tokens, w, shards);
    benchmark::DoNotOptimize(y);
    if (train) run_backward(y, dy, {});
  }
  const double element = bytes_of(state.range(1));
  report(state, 0, (2 * element + (train ? element + 8 : 0)) * static_cast<double>(rows * kHidden));
}

void embedding_forward(benchmark::State& state) { embedding_rows(state, false); }
void embedding_training(benchmark::State& state) { embedding_rows(state, true); }

BENCHMARK(embedding_forward)->Apply(decode_and_training);
BENCHMARK(embedding_training)->Apply(training);

}  // namespace
}  // namespace cohort::kernels
