#include "trainer/router_bias.h"

#include <numeric>

#include "core/base/error.h"

namespace cohort {
namespace {

std::span<const int64_t> load_of_layer(const at::Tensor& load, int64_t layer) {
  const int64_t experts = load.size(1);
  return {load.data_ptr<int64_t>() + layer * experts, static_cast<size_t>(experts)};
}

}  // namespace

void update_router_bias(ParameterStore& store, const at::Tensor& load, double speed) {
  if (speed == 0 || !load.defined() || !store.config().router_bias()) return;
  for (int64_t layer = 0; layer < load.size(0); ++layer) {
    const std::string name = fmt::format("model.layers.{}.mlp.gate.e_score_correction_bias",
                                         store.config().first_k_dense_replace + layer);
    const auto found = store.buffers().find(name);
    COHORT_CHECK(found != store.buffers().end(), "the model has no buffer {}", name);
    float* bias = found->second.data_ptr<float>();
    const auto counts = load_of_layer(load, layer);
    const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    const auto experts = static_cast<int64_t>(counts.size());
    for (int64_t e = 0; e < experts; ++e) {
      const int64_t below_mean = total - counts[e] * experts;
      if (below_mean > 0) bias[e] += static_cast<float>(speed);
      if (below_mean < 0) bias[e] -= static_cast<float>(speed);
    }
  }
  store.touch();
}

double expert_load_max_over_mean(const at::Tensor& load) {
  double worst = 0;
  for (int64_t layer = 0; load.defined() && layer < load.size(0); ++layer) {
    const auto counts = load_of_layer(load, layer);
    const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    if (total == 0) continue;
    const int64_t largest = *std::max_element(counts.begin(), counts.end());
    worst = std::max(worst, static_cast<double>(largest) * static_cast<double>(counts.size()) /
                                static_cast<double>(total));
  }
  return worst;
}

}  // namespace cohort
