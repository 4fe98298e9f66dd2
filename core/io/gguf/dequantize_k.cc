// Blocks of 256, whose groups have quantised scales.
#include "core/io/gguf/blocks.h"

namespace cohort {
namespace {

struct Affine {
  float scale[8];
  float min[8];
};

template <class Block>
Affine affine_of(const Block& block) {
  uint8_t scales[8];
  uint8_t mins[8];
  unpack_scales(block.scales, scales, mins);
  const float d = half_to_float(block.d);
  const float dmin = half_to_float(block.dmin);
  Affine out;
  for (int s = 0; s < 8; ++s) {
    out.scale[s] = d * static_cast<float>(scales[s]);
    out.min[s] = dmin * static_cast<float>(mins[s]);
  }
  return out;
}

}  // namespace

void dequantize_block(const BlockQ4_K& block, float* __restrict out) {
  const Affine affine = affine_of(block);
  for (int s = 0; s < 8; s += 2) {
    const uint8_t* low = block.low + 16 * s;
    float* __restrict group = out + 32 * s;
    for (int l = 0; l < 32; ++l)
      group[l] = affine.scale[s] * static_cast<float>(low[l] & 15) - affine.min[s];
    for (int l = 0; l < 32; ++l)
      group[l + 32] = affine.scale[s + 1] * static_cast<float>(low[l] >> 4) - affine.min[s + 1];
  }
}

void dequantize_block(const BlockQ5_K& block, float* __restrict out) {
  const Affine affine = affine_of(block);
  for (int s = 0; s < 8; s += 2) {
    const uint8_t* low = block.low + 16 * s;
    float* __restrict group = out + 32 * s;
    for (int l = 0; l < 32; ++l) {
      const int n = (low[l] & 15) | ((block.high[l] >> s) & 1) << 4;
      group[l] = affine.scale[s] * static_cast<float>(n) - affine.min[s];
    }
    for (int l = 0; l < 32; ++l) {
      const int n = (low[l] >> 4) | ((block.high[l] >> (s + 1)) & 1) << 4;
      group[l + 32] = affine.scale[s + 1] * static_cast<float>(n) - affine.min[s + 1];
    }
  }
}

void dequantize_block(const BlockQ6_K& block, float* __restrict out) {
  const float d = half_to_float(block.d);
  float scale[16];
  for (int s = 0; s < 16; ++s) scale[s] = d * static_cast<float>(block.scales[s]);
  for (int half = 0; half < 2; ++half) {
    const uint8_t* low = block.low + 64 * half;
    const uint8_t* high = block.high + 32 * half;
    for (int group = 0; group < 8; ++group) {  // of 16 elements
      const int quarter = group / 2;
      const int l0 = 16 * (group % 2);
      const uint8_t* codes = low + l0 + 32 * (quarter % 2);
      const int low_shift = 4 * (quarter / 2);
      const int high_shift = 2 * quarter;
      const float group_scale = scale[8 * half + group];
      float* __restrict to = out + 128 * half + 16 * group;
      for (int l = 0; l < 16; ++l) {
        const int n = ((codes[l] >> low_shift) & 15) | ((high[l0 + l] >> high_shift) & 3) << 4;
        to[l] = group_scale * static_cast<float>(n - 32);
      }
    }
  }
}

}  // namespace cohort
