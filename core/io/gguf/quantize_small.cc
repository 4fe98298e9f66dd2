// Blocks of 32: each code is the nearest to its element. The operations and their order are those
// of ggml's definition, which gives the same bits everywhere.
#include <algorithm>
#include <cmath>

#include "core/io/gguf/blocks.h"

namespace cohort {
namespace {

constexpr int kElements = 32;
constexpr float kMostHalf = 65504.0f;

// A scale beyond binary16 is cut, not infinite.
uint16_t scale_to_half(float scale) {
  return float_to_half(std::clamp(scale, -kMostHalf, kMostHalf));
}

// 0 for a scale that has no finite inverse: then it is 0 as binary16 too.
float inverse(float scale) {
  const float out = 1.0f / scale;
  return scale != 0.0f && std::isfinite(out) ? out : 0.0f;
}

// The whole part, from 0 to `top`; NaN is 0.
uint8_t code(float value, float top) {
  const float positive = value > 0.0f ? value : 0.0f;
  return static_cast<uint8_t>(positive < top ? positive : top);
}

// The first of the elements of largest magnitude.
float furthest(const float* values) {
  float out = 0.0f;
  for (int i = 0; i < kElements; ++i)
    if (std::fabs(values[i]) > std::fabs(out)) out = values[i];
  return out;
}

struct Range {
  float least;
  float scale;
};
Range range_of(const float* values, float top) {
  const auto [least, most] = std::minmax_element(values, values + kElements);
  return {*least, (*most - *least) / top};
}

// Of a type whose codes are centred: `centre` stands for 0, and the element furthest from it gets
// code 0.
float symmetric_codes(const float* values, float centre, uint8_t* codes) {
  const float d = furthest(values) / -centre;
  const float id = inverse(d);
  for (int i = 0; i < kElements; ++i)
    codes[i] = code(values[i] * id + (centre + 0.5f), 2 * centre - 1);
  return d;
}

Range affine_codes(const float* values, float top, uint8_t* codes) {
  const Range range = range_of(values, top);
  const float id = inverse(range.scale);
  for (int i = 0; i < kElements; ++i) codes[i] = code((values[i] - range.least) * id + 0.5f, top);
  return range;
}

void pack_low(const uint8_t* codes, uint8_t* low) {
  for (int j = 0; j < 16; ++j)
    low[j] = static_cast<uint8_t>((codes[j] & 15) | (codes[j + 16] & 15) << 4);
}

void pack_high(const uint8_t* codes, uint8_t* high) {
  std::fill_n(high, 4, uint8_t{0});
  for (int i = 0; i < kElements; ++i)
    high[i / 8] = static_cast<uint8_t>(high[i / 8] | (codes[i] >> 4) << (i % 8));
}

}  // namespace

void quantize_block(const float* values, BlockQ4_0& block) {
  uint8_t codes[kElements];
  block.d = scale_to_half(symmetric_codes(values, 8, codes));
  pack_low(codes, block.low);
}

void quantize_block(const float* values, BlockQ5_0& block) {
  uint8_t codes[kElements];
  block.d = scale_to_half(symmetric_codes(values, 16, codes));
  pack_low(codes, block.low);
  pack_high(codes, block.high);
}

void quantize_block(const float* values, BlockQ4_1& block) {
  uint8_t codes[kElements];
  const Range range = affine_codes(values, 15, codes);
  block.d = scale_to_half(range.scale);
  block.m = scale_to_half(range.least);
  pack_low(codes, block.low);
}

void quantize_block(const float* values, BlockQ5_1& block) {
  uint8_t codes[kElements];
  const Range range = affine_codes(values, 31, codes);
  block.d = scale_to_half(range.scale);
  block.m = scale_to_half(range.least);
  pack_low(codes, block.low);
  pack_high(codes, block.high);
}

void quantize_block(const float* values, BlockQ8_0& block) {
  const float d = std::fabs(furthest(values)) / 127.0f;
  const float id = inverse(d);
  block.d = scale_to_half(d);
  for (int i = 0; i < kElements; ++i) {
    const float scaled = values[i] * id;
    const int whole = static_cast<int>(scaled);
    const float rest = scaled - static_cast<float>(whole);
    block.n[i] = static_cast<int8_t>(whole + (rest >= 0.5f) - (rest <= -0.5f));
  }
}

}  // namespace cohort
