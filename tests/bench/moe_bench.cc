#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>

#include <algorithm>
#include <cmath>

#include "kernels/moe/moe.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

using namespace moe_model;

// Arguments: rows, bf16. Experts are chosen by chance, K of E a row (twice the same, rarely).
void moe_rows(benchmark::State& state, bool train) {
  const int64_t rows = state.range(0);
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::AutoGradMode grad(train);
  const at::Tensor x = values({rows, kHidden}, dtype, train), dy = values({rows, kHidden}, dtype);
  const at::Tensor index = at::randint(kExperts, {rows, kTopK}).to(at::kInt);
  const at::Tensor weights = at::rand({rows, kTopK});
  const int64_t num_shards = train ? kShards : 0;
  const Param up = weight({kExperts, 2 * kInner, kHidden}, dtype, num_shards);
  const Param down = weight({kExperts, kHidden, kInner}, dtype, num_shards);
  const RowShards shards = row_shards(rows);
  const auto run = [&] {
    const at::Tensor y = moe(x, index, weights, up, down, shards);
    benchmark::DoNotOptimize(y);
    if (train) run_backward(y, dy, {x});
  };
  run();  // packs the weights
  for (auto _ : state) run();
  const auto pairs = static_cast<double>(rows * kTopK), expert = 3.0 * kInner * kHidden;
  const double read = kExperts * (1 - std::pow(1 - static_cast<double>(kTopK) / kExperts,
                                               static_cast<double>(rows)));
  const double passes = train ? 3 : 1;
  report(state, passes * 2 * pairs * expert,
         passes * bytes_of(state.range(1)) *
             (read * expert + 2.0 * static_cast<double>(rows) * kHidden),
         dtype);
}

void moe_forward(benchmark::State& state) { moe_rows(state, false); }
void moe_training(benchmark::State& state) { moe_rows(state, true); }

BENCHMARK(moe_forward)->Apply(decode_and_training);
BENCHMARK(moe_training)->Apply(training);

}  // namespace
}  // namespace cohort::kernels
