// Inside core/io/gguf only: binary16 and bfloat16 as bits, in loops that a compiler can vectorise.
#pragma once

#include <bit>
#include <cstdint>

namespace cohort {

// `a` where the condition holds, else `b`. Of a plain choice GCC makes a branch, which a loop
// cannot be vectorised with.
inline uint32_t select(bool condition, uint32_t a, uint32_t b) {
  const uint32_t mask = 0u - static_cast<uint32_t>(condition);
  return (a & mask) | (b & ~mask);
}

inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t rest = static_cast<uint32_t>(half & 0x7fffu) << 13;
  // A subnormal is m * 2^-24: with m as the fraction of 2^-14, less that 2^-14. No operand is a
  // subnormal float, which some processes flush to zero.
  const float least_normal = std::bit_cast<float>(0x38800000u);
  const float subnormal = std::bit_cast<float>(0x38800000u | rest) - least_normal;
  const uint32_t exponent = rest & 0x0f800000u;
  const uint32_t bias = select(exponent == 0x0f800000u, 0x70000000u, 0x38000000u);
  const uint32_t bits = select(exponent == 0, std::bit_cast<uint32_t>(subnormal), rest + bias);
  return std::bit_cast<float>(sign | bits);
}

// To nearest, ties to even; from 65520 on infinite; NaN stays NaN.
inline uint16_t float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7fffffffu;
  const uint32_t normal = magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u;
  // Below 2^-14: adding 0.5 leaves the multiple of 2^-24 in the low bits, rounded.
  const uint32_t subnormal =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  uint32_t half = select(magnitude < 0x38800000u, subnormal, normal >> 13);
  half = select(magnitude >= 0x477ff000u, 0x7c00u, half);
  half = select(magnitude > 0x7f800000u, 0x7e00u | ((magnitude >> 13) & 0x3ffu), half);
  return static_cast<uint16_t>(((bits >> 16) & 0x8000u) | half);
}

inline float bfloat_to_float(uint16_t bfloat) {
  return std::bit_cast<float>(static_cast<uint32_t>(bfloat) << 16);
}

inline uint16_t float_to_bfloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<uint16_t>(nan ? (bits >> 16) | 0x40u : rounded);
}

}  // namespace cohort
