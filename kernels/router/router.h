// DeepSeek-V3 gate (V3 report 2.1.2; reference: transformers DeepseekV3TopkRouter):
//   s = sigmoid(x w^T) in fp32;  sb = s + bias (selection only)
//   group score = sum of the two largest sb of the group; keep topk_group groups; top-k of sb in
//   them weight = s[chosen]; normalised by (sum + 1e-20) when norm_topk_prob; times
//   routed_scaling_factor
// Ties go to the lower index. Gradient flows through the weights only.
// With `softmax` (DeepSeek-V2, Qwen3-MoE) s = softmax(x w^T) over all experts, and a group's score
// is its largest s.
//
// Sequence-wise balance loss (V3 eq. 17-20), a sequence i of T_i rows:
//   f_e = E/(K T_i) * #(rows of i that chose e);  P_e = mean over rows of s_e / sum_e' s_e'
//   L_i = alpha * sum_e f_e P_e
// Its gradient is added in backward: balance_coef[i] is alpha times the sequence's share of the
// loss (so the step's normalisation), 0 for none.
#pragma once

#include "kernels/param.h"

namespace cohort::kernels {

struct RouterConfig {
  bool softmax = false;
  int64_t num_experts = 0;
  int64_t top_k = 0;
  int64_t num_groups = 1;
  int64_t top_k_groups = 1;
  bool norm_topk_prob = true;
  double routed_scaling_factor = 1.0;
  // Rejected groups score -inf; transformers fills 0.0, which differs only with negative sb (parity
  // tests).
  bool mask_with_zero = false;
};

struct BalanceLoss {
  std::vector<int64_t> sequence_offsets;  // rows of sequence i: [offsets[i], offsets[i+1])
  std::vector<float> coef;                // a sequence each
  double* loss = nullptr;                 // += sum_i coef[i] * sum_e f_e P_e, in double
};

struct Routing {
  at::Tensor index;   // [T, K] int32, descending by sb
  at::Tensor weight;  // [T, K] fp32, takes part in autograd
};

// x [T, H]; w [E, H] (multiplied in fp32 whatever its dtype); bias [E] fp32, in host memory.
Routing route(const at::Tensor& x, const Param& w, const at::Tensor& bias,
              const RouterConfig& config, const RowShards& shards,
              const BalanceLoss* balance = nullptr);

// Waits for a device that has `index`. load[e] += number of (row, choice) with index e over rows
// whose mask is not 0. mask [T] uint8.
void add_expert_load(const at::Tensor& index, const at::Tensor& mask, at::Tensor& load_i64);
// sets [T] int16: a hash of the set that each row of index has, whatever its order.
void hash_expert_sets(const at::Tensor& index, at::Tensor& sets_i16);

}  // namespace cohort::kernels
