// Draws a token from a row of logits. A pure function of the row, the configuration and u.
//
//   p_v = exp(l_v), l_v = logits_v / temperature - lse   (row_logprob: the very bits that training
//   computes) nothing cut:  the first v with  p_0 + ... + p_v > u,  in vocabulary order. p in fp32,
//   summed in double in blocks of
//                 kDrawBlock tokens; rounding that leaves none takes the last token with p > 0
//   cut:          top_k, then top_p, then min_p (the order of Hugging Face); equal probabilities:
//   lower id first
//     top_k   the k most probable
//     top_p   in order of probability, each token before which less than top_p of the mass left by
//     top_k stands min_p   those with p >= min_p times the largest
//   and the same walk over the kept tokens with u times their mass; logprob_sampled = l - log(mass)
//   temperature 0:  the largest logit (lowest id when equal), logprob at temperature 1,
//   logprob_sampled 0
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/token_logprob/token_logprob.h"
#include "rollout/engine/engine.h"

namespace cohort {

inline constexpr int64_t kDrawBlock = 64;

struct Draw {
  int32_t token = 0;
  float logprob = 0;
  float logprob_sampled = 0;
};

class Sampler {
 public:
  // Only the first num_valid logits of a row belong to tokens.
  Sampler(const SamplingConfig& config, int64_t num_valid);

  // One row, for any number of draws from it. Throws InputError when it has no distribution (NaN or
  // infinity).
  kernels::RowSoftmax softmax(const float* row) const;
  static kernels::RowSoftmax checked(const kernels::RowSoftmax& softmax);
  static double softmax_temperature(const SamplingConfig& config) {
    return config.temperature == 0 ? 1.0 : config.temperature;
  }
  Draw draw(const float* row, const kernels::RowSoftmax& softmax, double u);

 private:
  struct Candidate {
    int32_t token;
    float logprob;
  };
  int32_t draw_from_all(const float* row, const kernels::RowSoftmax& softmax, double u) const;
  Draw draw_from_kept(const float* row, const kernels::RowSoftmax& softmax, double u);
  bool cuts_top_k() const { return top_k_ > 0 && top_k_ < num_valid_; }
  void collect_top_k(const float* row, const kernels::RowSoftmax& softmax);
  void collect_likely(const float* row, const kernels::RowSoftmax& softmax);
  void keep_top_p();
  void keep_min_p();

  double temperature_, top_p_, min_p_;
  int64_t top_k_;
  int64_t num_valid_;
  std::vector<Candidate> kept_;  // reused from draw to draw: one sampler a thread
};

}  // namespace cohort
