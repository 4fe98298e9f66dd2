#include "kernels/router/select.h"

#include <algorithm>
#include <limits>

namespace cohort::kernels {
namespace {

constexpr float kNormEpsilon = 1e-20f;

// Kept, so that a decode step allocates nothing.
thread_local std::vector<float> kept_biased, kept_group_score;
thread_local std::vector<char> kept_group_kept;

// The first index of the largest value among those not yet taken.
template <class Taken>
int64_t first_largest(const float* values, int64_t count, const Taken& taken) {
  int64_t best = -1;
  for (int64_t i = 0; i < count; ++i) {
    if (!taken(i) && (best < 0 || values[i] > values[best])) best = i;
  }
  return best;
}

}  // namespace

ExpertSelector::ExpertSelector(const RouterConfig& config, const float* bias)
    : config_(config),
      bias_(bias),
      biased_(kept_biased),
      group_score_(kept_group_score),
      group_kept_(kept_group_kept) {
  biased_.resize(config.num_experts);
  group_score_.resize(config.num_groups);
  group_kept_.resize(config.num_groups);
}

void ExpertSelector::mask_rejected_groups() {
  const int64_t groups = config_.num_groups, size = config_.num_experts / groups;
  for (int64_t g = 0; g < groups; ++g) {
    float first = -std::numeric_limits<float>::infinity(), second = first;
    for (int64_t e = g * size; e < (g + 1) * size; ++e) {
      if (biased_[e] > first) {
        second = first;
        first = biased_[e];
      } else if (biased_[e] > second) {
        second = biased_[e];
      }
    }
    group_score_[g] = size > 1 && !config_.softmax ? first + second : first;
    group_kept_[g] = 0;
  }
  for (int64_t k = 0; k < config_.top_k_groups; ++k) {
    group_kept_[first_largest(group_score_.data(), groups,
                              [&](int64_t g) { return group_kept_[g] != 0; })] = 1;
  }
  const float rejected = config_.mask_with_zero ? 0.0f : -std::numeric_limits<float>::infinity();
  for (int64_t g = 0; g < groups; ++g) {
    if (!group_kept_[g]) std::fill_n(biased_.begin() + g * size, size, rejected);
  }
}

void ExpertSelector::choose(const float* scores, int32_t* index, float* weight) {
  for (int64_t e = 0; e < config_.num_experts; ++e) biased_[e] = scores[e] + bias_[e];
  if (config_.top_k_groups < config_.num_groups) mask_rejected_groups();
  float sum = kNormEpsilon;
  for (int64_t k = 0; k < config_.top_k; ++k) {
    const int64_t best = first_largest(biased_.data(), config_.num_experts, [&](int64_t e) {
      return std::find(index, index + k, e) != index + k;
    });
    index[k] = static_cast<int32_t>(best);
    weight[k] = scores[best];
    sum += scores[best];
  }
  const float scale = static_cast<float>(config_.routed_scaling_factor);
  for (int64_t k = 0; k < config_.top_k; ++k) {
    weight[k] = (config_.norm_topk_prob ? weight[k] / sum : weight[k]) * scale;
  }
}

// w_j = c s_j / S, S = sum of the chosen s:  dL/ds_j = c (dw_j - sum_k dw_k s_k / S) / S.
void add_weight_grad(const RouterConfig& config, const float* scores, const int32_t* index,
                     const float* d_weight, float* d_scores) {
  const float scale = static_cast<float>(config.routed_scaling_factor);
  float sum = kNormEpsilon, dot = 0;
  for (int64_t k = 0; k < config.top_k; ++k) {
    sum += scores[index[k]];
    dot += d_weight[k] * scores[index[k]];
  }
  for (int64_t k = 0; k < config.top_k; ++k) {
    const float d = config.norm_topk_prob ? (d_weight[k] - dot / sum) / sum : d_weight[k];
    d_scores[index[k]] += scale * d;
  }
}

SequenceBalance::SequenceBalance(const RouterConfig& config, const float* scores,
                                 const int32_t* index, int64_t begin, int64_t end)
    : num_experts_(config.num_experts),
      rows_(static_cast<double>(end - begin)),
      frequency_(config.num_experts, 0.0),
      probability_(config.num_experts, 0.0) {
  for (int64_t t = begin; t < end; ++t) {
    const float* s = scores + t * num_experts_;
    double sum = 0;
    for (int64_t e = 0; e < num_experts_; ++e) sum += s[e];
    for (int64_t e = 0; e < num_experts_; ++e) probability_[e] += s[e] / sum / rows_;
    for (int64_t k = 0; k < config.top_k; ++k) frequency_[index[t * config.top_k + k]] += 1;
  }
  for (double& f : frequency_) {
    f *= static_cast<double>(num_experts_) / (static_cast<double>(config.top_k) * rows_);
  }
}

void to_logit_grads(const RouterConfig& config, const float* scores, float* d) {
  if (!config.softmax) {
    for (int64_t e = 0; e < config.num_experts; ++e) d[e] *= scores[e] * (1.0f - scores[e]);
    return;
  }
  float mean = 0;
  for (int64_t e = 0; e < config.num_experts; ++e) mean += d[e] * scores[e];
  for (int64_t e = 0; e < config.num_experts; ++e) d[e] = (d[e] - mean) * scores[e];
}

double SequenceBalance::loss() const {
  double sum = 0;
  for (int64_t e = 0; e < num_experts_; ++e) sum += frequency_[e] * probability_[e];
  return sum;
}

// With S = sum_e s_e and n_e = s_e / S:  d/ds_j = (f_j - sum_e f_e n_e) / (S T).
void SequenceBalance::add_grad(const float* scores, float coef, float* d_scores) const {
  double sum = 0, dot = 0;
  for (int64_t e = 0; e < num_experts_; ++e) {
    sum += scores[e];
    dot += frequency_[e] * scores[e];
  }
  for (int64_t e = 0; e < num_experts_; ++e) {
    d_scores[e] += static_cast<float>(coef * (frequency_[e] - dot / sum) / (sum * rows_));
  }
}

}  // namespace cohort::kernels
