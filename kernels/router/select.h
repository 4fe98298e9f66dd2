// The choice of experts from their scores, and the gradients of what follows from it. Plain scalar
// code.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/router/router.h"

namespace cohort::kernels {

// Chooses experts for one row at a time, with scratch of the thread: there may be one on a thread.
class ExpertSelector {
 public:
  ExpertSelector(const RouterConfig& config, const float* bias);
  // scores [E] -> index [K] descending by score + bias, weight [K].
  void choose(const float* scores, int32_t* index, float* weight);

 private:
  void mask_rejected_groups();

  const RouterConfig& config_;
  const float* bias_;
  std::vector<float>&biased_, &group_score_;
  std::vector<char>& group_kept_;
};

// d_scores[index[j]] += gradient of the weights of one row.
void add_weight_grad(const RouterConfig& config, const float* scores, const int32_t* index,
                     const float* d_weight, float* d_scores);

// d holds the gradient of one row's scores and becomes that of its logits: with s = scores,
//   sigmoid: d_e s_e (1 - s_e);  softmax: s_e (d_e - sum_i d_i s_i).
void to_logit_grads(const RouterConfig& config, const float* scores, float* d);

// Sequence-wise balance loss of rows [begin, end): f_e and P_e as router.h says.
class SequenceBalance {
 public:
  SequenceBalance(const RouterConfig& config, const float* scores, const int32_t* index,
                  int64_t begin, int64_t end);
  double loss() const;  // sum_e f_e P_e
  // d_scores[e] += coef * d(sum_e f_e P_e) / d scores[e] of one row of the sequence.
  void add_grad(const float* scores, float coef, float* d_scores) const;

 private:
  int64_t num_experts_;
  double rows_;
  std::vector<double> frequency_, probability_;
};

}  // namespace cohort::kernels
