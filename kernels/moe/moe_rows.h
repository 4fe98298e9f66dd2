// Element-wise work of kernels/moe on plain rows, on the calling thread. fp32 arithmetic, one
// rounding to a T.
#pragma once

#include <cstdint>

#include "kernels/math/bf16.h"

namespace cohort::kernels {

// y[i] = sum over j < count, in order, of weights[j] * rows[picks[j]][i]; weights null: all 1.
void combine_rows(const float* rows, const int32_t* picks, const float* weights, int64_t count,
                  int64_t width, float* y);
void combine_rows(const Bf16* rows, const int32_t* picks, const float* weights, int64_t count,
                  int64_t width, Bf16* y);

// One row of an expert, whose output is weight * down(act); d_act is the gradient of down's input
// before that weight. Replaces act by weight * act, writes d_weighted = weight * d_act, returns
// d_weight = act . d_act.
float weigh_expert_row(float weight, const float* d_act, float* act, float* d_weighted,
                       int64_t width);
float weigh_expert_row(float weight, const float* d_act, Bf16* act, Bf16* d_weighted,
                       int64_t width);

}  // namespace cohort::kernels
