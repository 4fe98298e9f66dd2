// Inside core/io/gguf only: the blocks as they lie in a file. Pairs of 4-bit codes share a byte.
#pragma once

#include <cstdint>

#include "core/io/gguf/half.h"

namespace cohort {

// 32 elements. Byte j of `low` has element j in its low half and element j + 16 in its high one;
// bit i of `high` is the fifth bit of element i.
struct BlockQ4_0 {  // d (n - 8)
  static constexpr int kElements = 32;
  uint16_t d;
  uint8_t low[16];
};
struct BlockQ4_1 {  // d n + m
  static constexpr int kElements = 32;
  uint16_t d;
  uint16_t m;
  uint8_t low[16];
};
struct BlockQ5_0 {  // d (n - 16)
  static constexpr int kElements = 32;
  uint16_t d;
  uint8_t high[4];
  uint8_t low[16];
};
struct BlockQ5_1 {  // d n + m
  static constexpr int kElements = 32;
  uint16_t d;
  uint16_t m;
  uint8_t high[4];
  uint8_t low[16];
};
struct BlockQ8_0 {  // d n
  static constexpr int kElements = 32;
  uint16_t d;
  int8_t n[32];
};

// 256 elements in 8 groups of 32: (d scale) n - (dmin min). Groups 2k and 2k + 1 are the low and
// the high halves of low[32 k ...]; bit s of high[l] is the fifth bit of element l of group s.
struct BlockQ4_K {
  static constexpr int kElements = 256;
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];  // 8 scales and 8 minima of 6 bits: unpack_scales
  uint8_t low[128];
};
struct BlockQ5_K {
  static constexpr int kElements = 256;
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t high[32];
  uint8_t low[128];
};
// 256 elements in 16 groups of 16: d scale (n - 32). Of each half of 128, elements l, l + 32, l +
// 64 and l + 96 (l < 32) have their low bits in the low half of low[l], that of low[l + 32], and
// the high halves of the two, and their high bits in the bit pairs 0 to 3 of high[l].
struct BlockQ6_K {
  static constexpr int kElements = 256;
  uint8_t low[128];
  uint8_t high[64];
  int8_t scales[16];
  uint16_t d;
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22 &&
              sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_K) == 144 &&
              sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);

// The first four of each: low 6 bits of bytes 0-3 and 4-7. The last four: low and high halves of
// bytes 8-11, with the top 2 bits of bytes 0-3 and 4-7 above them.
inline void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
  for (int s = 0; s < 4; ++s) {
    scales[s] = packed[s] & 63;
    mins[s] = packed[s + 4] & 63;
    scales[s + 4] = static_cast<uint8_t>((packed[s + 8] & 15) | ((packed[s] >> 6) << 4));
    mins[s + 4] = static_cast<uint8_t>((packed[s + 8] >> 4) | ((packed[s + 4] >> 6) << 4));
  }
}

inline void pack_scales(const uint8_t* scales, const uint8_t* mins, uint8_t* packed) {
  for (int s = 0; s < 4; ++s) {
    packed[s] = static_cast<uint8_t>(scales[s] | ((scales[s + 4] >> 4) << 6));
    packed[s + 4] = static_cast<uint8_t>(mins[s] | ((mins[s + 4] >> 4) << 6));
    packed[s + 8] = static_cast<uint8_t>((scales[s + 4] & 15) | ((mins[s + 4] & 15) << 4));
  }
}

// One block from or to its elements; the functions of dequantize_*.cc and quantize_*.cc.
void dequantize_block(const BlockQ4_0& block, float* __restrict out);
void dequantize_block(const BlockQ4_1& block, float* __restrict out);
void dequantize_block(const BlockQ5_0& block, float* __restrict out);
void dequantize_block(const BlockQ5_1& block, float* __restrict out);
void dequantize_block(const BlockQ8_0& block, float* __restrict out);
void dequantize_block(const BlockQ4_K& block, float* __restrict out);
void dequantize_block(const BlockQ5_K& block, float* __restrict out);
void dequantize_block(const BlockQ6_K& block, float* __restrict out);
void quantize_block(const float* values, BlockQ4_0& block);
void quantize_block(const float* values, BlockQ4_1& block);
void quantize_block(const float* values, BlockQ5_0& block);
void quantize_block(const float* values, BlockQ5_1& block);
void quantize_block(const float* values, BlockQ8_0& block);
void quantize_block(const float* values, BlockQ4_K& block);
void quantize_block(const float* values, BlockQ5_K& block);
void quantize_block(const float* values, BlockQ6_K& block);

}  // namespace cohort
