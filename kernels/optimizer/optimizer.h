// Element-wise and block-wise work over flat fp32 buffers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cohort::kernels {

// Sums of squares of fixed blocks of kNormBlock elements, each in double in one fixed order: the
// norm of a buffer is sqrt(sum of its blocks in order), whatever part of it lies on which rank.
// ZeRO borders are multiples of it.
inline constexpr int64_t kNormBlock = 4096;
void block_sums_of_squares(std::span<const float> x, std::span<double> blocks);

// Decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), step t counted from 1:
//   m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2
//   w = w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay w)
// g is multiplied by grad_scale first (clipping and 1 / loss scale).
struct AdamWStep {
  double lr, beta1, beta2, eps, weight_decay, grad_scale;
  int64_t step;
};
// The same, rounded for fp32 arithmetic.
struct AdamWCoefficients {
  float grad_scale, beta1, one_minus_beta1, beta2, one_minus_beta2;
  float inv_correction1, inv_correction2, eps, lr, weight_decay;
};
AdamWCoefficients adamw_coefficients(const AdamWStep& step);
void adamw_update(std::span<float> master, std::span<float> m, std::span<float> v,
                  std::span<const float> grad, const AdamWStep& step);

void round_to_bf16(std::span<const float> in, std::span<uint16_t> out);  // nearest even
bool all_finite(std::span<const float> x);

}  // namespace cohort::kernels
