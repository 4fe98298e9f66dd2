// Drawing a token from each row of logits, on one thread.
#include "core/base/rng.h"
#include "rollout/engine/sampler.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

using llama::kVocab;

void sampler_rows(benchmark::State& state, const SamplingConfig& sampling) {
  const int64_t rows = state.range(0);
  const at::Tensor logits = values({rows, kVocab}, at::kFloat);
  const float* const data = logits.const_data_ptr<float>();
  Sampler sampler(sampling, kVocab);
  uint32_t position = 0;
  for (auto _ : state) {
    for (int64_t r = 0; r < rows; ++r) {
      const float* const row = data + r * kVocab;
      const double u = draw_uniform({.ordinal = static_cast<uint64_t>(r), .position = position});
      benchmark::DoNotOptimize(sampler.draw(row, sampler.softmax(row), u));
    }
    position = (position + 1) % 1024;
  }
  report(state, 0, 4.0 * static_cast<double>(rows * kVocab));
}

void sampler_all(benchmark::State& state) { sampler_rows(state, {}); }
void sampler_top_p(benchmark::State& state) {
  SamplingConfig sampling;
  sampling.top_p = 0.95;
  sampler_rows(state, sampling);
}
void sampler_top_k(benchmark::State& state) {
  SamplingConfig sampling;
  sampling.top_k = 50;
  sampler_rows(state, sampling);
}
void sampler_greedy(benchmark::State& state) {
  SamplingConfig sampling;
  sampling.temperature = 0;
  sampler_rows(state, sampling);
}

void counts(benchmark::internal::Benchmark* b) {
  b->Arg(1)->Arg(64)->ArgName("rows")->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(sampler_all)->Apply(counts);
BENCHMARK(sampler_top_p)->Apply(counts);
BENCHMARK(sampler_top_k)->Apply(counts);
BENCHMARK(sampler_greedy)->Apply(counts);

}  // namespace
}  // namespace cohort::kernels
