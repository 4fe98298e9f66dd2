// LM head with log-probabilities: never the logits of a batch, only of a block of rows.
//
//   z = (h w^T) / temperature over the first num_valid columns (padded vocabulary rows are masked)
//   lse = log sum_v exp(z_v);  logprob = z[target] - lse;  entropy = lse - sum_v p_v z_v
// Everything in fp32, sums in a fixed order of v. Backward recomputes z block by block:
//   dz_v = g_lp (1[v = target] - p_v) - g_H p_v (z_v - lse + H)
#pragma once

#include "kernels/param.h"

namespace cohort::kernels {

struct TokenLogprob {
  at::Tensor logprob;  // [P] fp32
  at::Tensor entropy;  // [P] fp32
};

// h [P, H]; w [V, H]; targets [P] int32 in host memory, each below num_valid. Both outputs take
// part in autograd.
TokenLogprob token_logprob(const at::Tensor& h, const Param& w, const at::Tensor& targets,
                           double temperature, int64_t num_valid, const RowShards& shards);

// The sampler's half: logits [M, V] fp32 = h w^T (not divided), for a decode step.
at::Tensor logits(const at::Tensor& h, const Param& w);
// lse and maximum of one row of logits / temperature, the very same arithmetic as token_logprob:
// log-prob of v is row[v] / temperature - lse (computed as float(row[v] * (1/temperature)) - lse).
struct RowSoftmax {
  float inv_temperature;
  float max;
  float lse;
};
RowSoftmax row_softmax(const float* row, int64_t num_valid, double temperature);
// The same of every row of logits [M, V] in device memory, where token_logprob's bits come from the
// device too; empty for host memory.
std::vector<RowSoftmax> device_row_softmax(const at::Tensor& logits, int64_t num_valid,
                                           double temperature);
inline float row_logprob(const float* row, int64_t v, const RowSoftmax& s) {
  return row[v] * s.inv_temperature - s.lse;
}

}  // namespace cohort::kernels
