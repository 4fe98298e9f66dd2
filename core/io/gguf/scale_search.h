// Inside core/io/gguf only: the scale of a group of elements that are to be stored as small integer
// codes, searched for the least weighted squared error.
//
// For given codes the best scale is a least-squares fit, and for a given scale the best codes are
// the nearest. Starting from scales around that which spreads the codes over the range, codes are
// taken, the fit solved, and the best of all kept; where there is an offset too, the best is taken
// as a start once more.
#pragma once

#include <cstdint>

namespace cohort {

// weight[i] = sqrt(mean square) + |values[i]|: errors of large weights cost more, none is free.
void group_weights(const float* values, int count, float* weights);

// Elements as scale * code - min, with codes from 0 to `top` and both parts not negative. Groups
// are of 32.
struct AffineFit {
  float scale;
  float min;
};
AffineFit fit_affine(const float* values, const float* weights, float top);
// The weighted squared error with the nearest codes, which are written when `codes` is not null.
float affine_error(const float* values, const float* weights, AffineFit fit, float top,
                   uint8_t* codes);

// Elements as scale * code, with codes from -32 to 31. Groups are of 16; the scale may be negative.
float fit_scale(const float* values, const float* weights);
// As above; what is written is code + 32.
float scale_error(const float* values, const float* weights, float scale, uint8_t* codes);

}  // namespace cohort
