// Blocks of 256. Each group's scale is searched for, the scales are then rounded to multiples of
// the block's, and the multiples next to the rounded ones tried, for they share the error of
// rounding with the codes.
#include <algorithm>
#include <cmath>

#include "core/io/gguf/blocks.h"
#include "core/io/gguf/scale_search.h"

namespace cohort {
namespace {

constexpr int kElements = 256;
constexpr float kMostHalf = 65504.0f;

// The nearest multiple of `unit`, from lowest to highest.
int multiple(float value, float unit, int lowest, int highest) {
  if (unit == 0.0f) return 0;
  return static_cast<int>(std::clamp(std::nearbyint(value / unit), static_cast<float>(lowest),
                                     static_cast<float>(highest)));
}

struct AffineBlock {
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t codes[kElements];
};

AffineBlock quantize_affine(const float* values, float top) {
  constexpr int kGroups = 8;
  constexpr int kGroup = 32;
  constexpr int kMostMultiple = 63;
  float weights[kElements];
  AffineFit fits[kGroups];
  float most_scale = 0.0f;
  float most_min = 0.0f;
  for (int s = 0; s < kGroups; ++s) {
    group_weights(values + kGroup * s, kGroup, weights + kGroup * s);
    fits[s] = fit_affine(values + kGroup * s, weights + kGroup * s, top);
    most_scale = std::max(most_scale, fits[s].scale);
    most_min = std::max(most_min, fits[s].min);
  }
  AffineBlock out;
  out.d = float_to_half(std::min(most_scale / kMostMultiple, kMostHalf));
  out.dmin = float_to_half(std::min(most_min / kMostMultiple, kMostHalf));
  const float d = half_to_float(out.d);
  const float dmin = half_to_float(out.dmin);

  uint8_t scales[kGroups];
  uint8_t mins[kGroups];
  for (int s = 0; s < kGroups; ++s) {
    const float* group = values + kGroup * s;
    const float* group_weights = weights + kGroup * s;
    const auto rounded = [&](int scale, int min) {
      return AffineFit{d * static_cast<float>(scale), dmin * static_cast<float>(min)};
    };
    const int scale = multiple(fits[s].scale, d, 0, kMostMultiple);
    const int min = multiple(fits[s].min, dmin, 0, kMostMultiple);
    scales[s] = static_cast<uint8_t>(scale);
    mins[s] = static_cast<uint8_t>(min);
    float least = affine_error(group, group_weights, rounded(scale, min), top, nullptr);
    for (int a = std::max(scale - 1, 0); a <= std::min(scale + 1, kMostMultiple); ++a) {
      for (int b = std::max(min - 1, 0); b <= std::min(min + 1, kMostMultiple); ++b) {
        const float error = affine_error(group, group_weights, rounded(a, b), top, nullptr);
        if (error < least) {
          least = error;
          scales[s] = static_cast<uint8_t>(a);
          mins[s] = static_cast<uint8_t>(b);
        }
      }
    }
    affine_error(group, group_weights, rounded(scales[s], mins[s]), top, out.codes + kGroup * s);
  }
  pack_scales(scales, mins, out.scales);
  return out;
}

void pack_low(const uint8_t* codes, uint8_t* low) {
  for (int s = 0; s < 8; s += 2)
    for (int l = 0; l < 32; ++l)
      low[16 * s + l] =
          static_cast<uint8_t>((codes[32 * s + l] & 15) | (codes[32 * s + 32 + l] & 15) << 4);
}

}  // namespace

void quantize_block(const float* values, BlockQ4_K& block) {
  const AffineBlock affine = quantize_affine(values, 15.0f);
  block.d = affine.d;
  block.dmin = affine.dmin;
  std::copy_n(affine.scales, sizeof(block.scales), block.scales);
  pack_low(affine.codes, block.low);
}

void quantize_block(const float* values, BlockQ5_K& block) {
  const AffineBlock affine = quantize_affine(values, 31.0f);
  block.d = affine.d;
  block.dmin = affine.dmin;
  std::copy_n(affine.scales, sizeof(block.scales), block.scales);
  pack_low(affine.codes, block.low);
  for (int l = 0; l < 32; ++l) {
    int bits = 0;
    for (int s = 0; s < 8; ++s) bits |= (affine.codes[32 * s + l] >> 4) << s;
    block.high[l] = static_cast<uint8_t>(bits);
  }
}

void quantize_block(const float* values, BlockQ6_K& block) {
  constexpr int kGroups = 16;
  constexpr int kGroup = 16;
  float weights[kElements];
  float fits[kGroups];
  float furthest = 0.0f;
  for (int s = 0; s < kGroups; ++s) {
    group_weights(values + kGroup * s, kGroup, weights + kGroup * s);
    fits[s] = fit_scale(values + kGroup * s, weights + kGroup * s);
    if (std::fabs(fits[s]) > std::fabs(furthest)) furthest = fits[s];
  }
  block.d = float_to_half(std::clamp(furthest / -128.0f, -kMostHalf, kMostHalf));
  const float d = half_to_float(block.d);

  uint8_t codes[kElements];
  for (int s = 0; s < kGroups; ++s) {
    const float* group = values + kGroup * s;
    const float* group_weights = weights + kGroup * s;
    const int scale = multiple(fits[s], d, -128, 127);
    int best = scale;
    float least = scale_error(group, group_weights, d * static_cast<float>(scale), nullptr);
    for (int a = std::max(scale - 1, -128); a <= std::min(scale + 1, 127); ++a) {
      const float error = scale_error(group, group_weights, d * static_cast<float>(a), nullptr);
      if (error < least) {
        least = error;
        best = a;
      }
    }
    block.scales[s] = static_cast<int8_t>(best);
    scale_error(group, group_weights, d * static_cast<float>(best), codes + kGroup * s);
  }
  for (int half = 0; half < 2; ++half) {
    const uint8_t* from = codes + 128 * half;
    for (int l = 0; l < 32; ++l) {
      block.low[64 * half + l] = static_cast<uint8_t>((from[l] & 15) | (from[l + 64] & 15) << 4);
      block.low[64 * half + 32 + l] =
          static_cast<uint8_t>((from[l + 32] & 15) | (from[l + 96] & 15) << 4);
      block.high[32 * half + l] =
          static_cast<uint8_t>(from[l] >> 4 | (from[l + 32] >> 4) << 2 | (from[l + 64] >> 4) << 4 |
                               (from[l + 96] >> 4) << 6);
    }
  }
}

}  // namespace cohort
