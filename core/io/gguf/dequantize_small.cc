// Blocks of 32.
#include "core/io/gguf/blocks.h"

namespace cohort {
namespace {

// f(n) of each element's 4-bit code n.
template <class F>
void each_of_4_bits(const uint8_t* low, float* __restrict out, F f) {
  for (int j = 0; j < 16; ++j) {
    out[j] = f(static_cast<float>(low[j] & 15));
    out[j + 16] = f(static_cast<float>(low[j] >> 4));
  }
}

template <class F>
void each_of_5_bits(const uint8_t* low, const uint8_t* high, float* __restrict out, F f) {
  const uint32_t bits = static_cast<uint32_t>(high[0]) | static_cast<uint32_t>(high[1]) << 8 |
                        static_cast<uint32_t>(high[2]) << 16 | static_cast<uint32_t>(high[3]) << 24;
  int32_t fifth[32];
  for (int i = 0; i < 32; ++i) fifth[i] = static_cast<int32_t>((bits >> i) & 1u) << 4;
  for (int j = 0; j < 16; ++j) {
    out[j] = f(static_cast<float>((low[j] & 15) | fifth[j]));
    out[j + 16] = f(static_cast<float>((low[j] >> 4) | fifth[j + 16]));
  }
}

}  // namespace

void dequantize_block(const BlockQ4_0& block, float* __restrict out) {
  const float d = half_to_float(block.d);
  each_of_4_bits(block.low, out, [d](float n) { return d * (n - 8.0f); });
}

void dequantize_block(const BlockQ4_1& block, float* __restrict out) {
  const float d = half_to_float(block.d);
  const float m = half_to_float(block.m);
  each_of_4_bits(block.low, out, [d, m](float n) { return d * n + m; });
}

void dequantize_block(const BlockQ5_0& block, float* __restrict out) {
  const float d = half_to_float(block.d);
  each_of_5_bits(block.low, block.high, out, [d](float n) { return d * (n - 16.0f); });
}

void dequantize_block(const BlockQ5_1& block, float* __restrict out) {
  const float d = half_to_float(block.d);
  const float m = half_to_float(block.m);
  each_of_5_bits(block.low, block.high, out, [d, m](float n) { return d * n + m; });
}

void dequantize_block(const BlockQ8_0& block, float* __restrict out) {
  const float d = half_to_float(block.d);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(block.n[i]);
}

}  // namespace cohort
