// IEEE binary16 as its bits, without LibTorch. To fp16: nearest even; a NaN stays a NaN.
#pragma once

#include <bit>
#include <cstdint>

namespace cohort::kernels {

inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, rest = half & 0x7fffu;
  if (rest >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
  const float scaled = std::bit_cast<float>(rest << 13) * 0x1p112f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(scaled));
}

inline uint16_t float_to_half(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), rest = bits & 0x7fffffffu;
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  const auto with_sign = [&](uint32_t half) { return static_cast<uint16_t>(sign | half); };
  if (rest > 0x7f800000u) return with_sign(0x7e00u);
  if (rest >= 0x477ff000u) return with_sign(0x7c00u);  // from 65520 on
  if (rest < 0x38800000u) {                            // below 2^-14: multiples of 2^-24
    const float aligned = std::bit_cast<float>(rest) + 0.5f;
    return with_sign(std::bit_cast<uint32_t>(aligned) - std::bit_cast<uint32_t>(0.5f));
  }
  return with_sign((rest + 0xfffu + (rest >> 13 & 1u) - 0x38000000u) >> 13);
}

}  // namespace cohort::kernels
