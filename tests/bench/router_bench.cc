#include <ATen/core/grad_mode.h>

#include "kernels/router/router.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

using namespace moe_model;

RouterConfig groups() {
  RouterConfig config;
  config.num_experts = kExperts;
  config.top_k = kTopK;
  config.num_groups = 4;
  config.top_k_groups = 2;
  config.routed_scaling_factor = 2.5;
  return config;
}

// Arguments: rows, bf16. The gate's product (three in training) and reading its rows; what choosing
// takes is not counted.
void route_rows(benchmark::State& state, bool train) {
  const int64_t rows = state.range(0);
  const at::AutoGradMode grad(train);
  const at::ScalarType dtype = dtype_of(state.range(1));
  const at::Tensor x = values({rows, kHidden}, dtype, train), bias = values({kExperts}, at::kFloat);
  const at::Tensor d_weight = values({rows, kTopK}, at::kFloat);
  const Param w = weight({kExperts, kHidden}, dtype, train ? kShards : 0);
  const RouterConfig config = groups();
  const RowShards shards = row_shards(rows);
  const auto run = [&] {
    const Routing routing = route(x, w, bias, config, shards);
    benchmark::DoNotOptimize(routing);
    if (train) run_backward(routing.weight, d_weight, {x});
  };
  run();
  for (auto _ : state) run();
  const double passes = train ? 3 : 1;
  report(state, passes * 2 * static_cast<double>(rows * kExperts * kHidden),
         passes * bytes_of(state.range(1)) * static_cast<double>((rows + kExperts) * kHidden));
}

void router_forward(benchmark::State& state) { route_rows(state, false); }
void router_training(benchmark::State& state) { route_rows(state, true); }

BENCHMARK(router_forward)->Apply(decode_and_training);
BENCHMARK(router_training)->Apply(training);

}  // namespace
}  // namespace cohort::kernels
