// Grouped queries, and latent attention in its expanded and its absorbed form (whose values are a
// part of the keys).
#include <ATen/core/grad_mode.h>

#include "kernels/attention/attention.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

struct Heads {
  int64_t queries, keys, key_dim, value_dim;
  bool shared;  // v is the first columns of k
};
constexpr Heads kGrouped{llama::kHeads, llama::kKvHeads, llama::kHeadDim, llama::kHeadDim, false};
constexpr Heads kExpanded{moe_model::kHeads, moe_model::kHeads,
                          moe_model::kNopeDim + moe_model::kRopeDim, moe_model::kValueDim, false};
constexpr Heads kAbsorbed{moe_model::kHeads, 1, moe_model::kLatent + moe_model::kRopeDim,
                          moe_model::kLatent, true};

struct Operands {
  Operands(const Heads& h, int64_t queries, int64_t rows, at::ScalarType dtype, bool grad = false)
      : q(values({queries, h.queries, h.key_dim}, dtype, grad)),
        k(values({rows, h.keys, h.key_dim}, dtype, grad)),
        v(h.shared ? k.narrow(2, 0, h.value_dim)
                   : values({rows, h.keys, h.value_dim}, dtype, grad)) {}
  at::Tensor q, k, v;
};

// `sequences` of them, each with queries at the end of its keys, which are its own rows.
AttentionLayout own_keys(int64_t sequences, int64_t keys, int64_t queries) {
  AttentionLayout layout;
  layout.query_offsets = layout.key_offsets = layout.tree_offsets = {0};
  for (int64_t i = 0; i < sequences; ++i) {
    layout.query_offsets.push_back((i + 1) * queries);
    layout.first_position.push_back(keys - queries);
    layout.key_offsets.push_back((i + 1) * keys);
    layout.tree_offsets.push_back(i + 1);
  }
  layout.key_rows.resize(static_cast<size_t>(sequences * keys));
  std::iota(layout.key_rows.begin(), layout.key_rows.end(), 0);
  return layout;
}

// One group: a prompt and n completions that share its rows.
AttentionLayout group(int64_t prompt, int64_t completions, int64_t length) {
  AttentionLayout layout = own_keys(1, prompt, prompt);
  for (int64_t i = 0; i < completions; ++i) {
    layout.first_position.push_back(prompt);
    layout.query_offsets.push_back(layout.query_offsets.back() + length);
    for (int64_t j = 0; j < prompt; ++j) layout.key_rows.push_back(static_cast<int32_t>(j));
    for (int64_t j = 0; j < length; ++j)
      layout.key_rows.push_back(static_cast<int32_t>(prompt + i * length + j));
    layout.key_offsets.push_back(static_cast<int64_t>(layout.key_rows.size()));
  }
  layout.tree_offsets = {0, completions + 1};
  return layout;
}

// (query, key) pairs of one head.
double pairs(const AttentionLayout& layout) {
  double count = 0;
  for (size_t i = 0; i < layout.first_position.size(); ++i) {
    const auto queries = static_cast<double>(layout.query_offsets[i + 1] - layout.query_offsets[i]);
    count += queries * (static_cast<double>(layout.first_position[i]) + (queries + 1) / 2);
  }
  return count;
}

double forward_flop(const Heads& h, const AttentionLayout& layout) {
  return 2 * pairs(layout) * static_cast<double>(h.queries * (h.key_dim + h.value_dim));
}
// Scores again, dP = dO V^T, dV = P^T dO, dQ = dS K, dK = dS^T Q.
double backward_flop(const Heads& h, const AttentionLayout& layout) {
  return 2 * pairs(layout) * static_cast<double>(h.queries * (3 * h.key_dim + 2 * h.value_dim));
}

// Queries, results and the rows of keys and values, each once.
double traffic(const Operands& o, const Heads& h) {
  const double element = static_cast<double>(o.q.element_size());
  const auto queries = static_cast<double>(o.q.size(0) * h.queries * (h.key_dim + h.value_dim));
  const auto keys =
      static_cast<double>(o.k.size(0) * h.keys * (h.key_dim + (h.shared ? 0 : h.value_dim)));
  return element * (queries + keys);
}

// Arguments: sequences, keys, bf16.
void attention_decode(benchmark::State& state, const Heads& h) {
  const at::NoGradGuard no_grad;
  const int64_t sequences = state.range(0), keys = state.range(1);
  const at::ScalarType dtype = dtype_of(state.range(2));
  const Operands o(h, sequences, sequences * keys, dtype);
  const auto layout = std::make_shared<const AttentionLayout>(own_keys(sequences, keys, 1));
  for (auto _ : state) benchmark::DoNotOptimize(attention(o.q, o.k, o.v, layout, 0.1));
  report(state, forward_flop(h, *layout), traffic(o, h), dtype);
}

// A chunk of 512 queries at the end of `keys`. Arguments: keys, bf16.
void attention_prefill(benchmark::State& state, const Heads& h) {
  const at::NoGradGuard no_grad;
  const int64_t keys = state.range(0), chunk = 512;
  const at::ScalarType dtype = dtype_of(state.range(1));
  const Operands o(h, chunk, keys, dtype);
  const auto layout = std::make_shared<const AttentionLayout>(own_keys(1, keys, chunk));
  for (auto _ : state) benchmark::DoNotOptimize(attention(o.q, o.k, o.v, layout, 0.1));
  report(state, forward_flop(h, *layout), traffic(o, h), dtype);
}

// Four groups' worth of work as one tree: forward and backward. Arguments: length, bf16.
void attention_training(benchmark::State& state, const Heads& h) {
  const int64_t length = state.range(0), prompt = 64, completions = 4;
  const at::ScalarType dtype = dtype_of(state.range(1));
  const auto layout = std::make_shared<const AttentionLayout>(group(prompt, completions, length));
  const int64_t rows = prompt + completions * length;
  const Operands o(h, rows, rows, dtype, true);
  const at::Tensor dy = values({rows, h.queries, h.value_dim}, dtype);
  for (auto _ : state) {
    const at::Tensor y = attention(o.q, o.k, o.v, layout, 0.1);
    y.backward(dy);
    o.q.mutable_grad().reset();
    o.k.mutable_grad().reset();
    if (!h.shared) o.v.mutable_grad().reset();
  }
  report(state, forward_flop(h, *layout) + backward_flop(h, *layout), 3 * traffic(o, h), dtype);
}

void decodes(benchmark::internal::Benchmark* b) {
  b->ArgsProduct({{1, 64}, {128, 2048}, {0, 1}})->ArgNames({"sequences", "keys", "bf16"});
  b->UseRealTime()->Unit(benchmark::kMicrosecond);
}
void prefills(benchmark::internal::Benchmark* b) {
  b->ArgsProduct({{512, 4096}, {0, 1}})->ArgNames({"keys", "bf16"});
  b->UseRealTime()->Unit(benchmark::kMicrosecond);
}
void updates(benchmark::internal::Benchmark* b) {
  b->ArgsProduct({{64, 512}, {0, 1}})->ArgNames({"length", "bf16"});
  b->UseRealTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(attention_decode, grouped, kGrouped)->Apply(decodes);
BENCHMARK_CAPTURE(attention_decode, expanded, kExpanded)->Apply(decodes);
BENCHMARK_CAPTURE(attention_decode, absorbed, kAbsorbed)->Apply(decodes);
BENCHMARK_CAPTURE(attention_prefill, grouped, kGrouped)->Apply(prefills);
BENCHMARK_CAPTURE(attention_prefill, expanded, kExpanded)->Apply(prefills);
BENCHMARK_CAPTURE(attention_prefill, absorbed, kAbsorbed)->Apply(prefills);
BENCHMARK_CAPTURE(attention_training, grouped, kGrouped)->Apply(updates);
BENCHMARK_CAPTURE(attention_training, expanded, kExpanded)->Apply(updates);
BENCHMARK_CAPTURE(attention_training, absorbed, kAbsorbed)->Apply(updates);

}  // namespace
}  // namespace cohort::kernels
