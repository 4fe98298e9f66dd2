// Numbers of 8 bits as safetensors' F8_E4M3 holds them: sign, 4 bits of exponent (bias 7), 3 of
// fraction; no infinities, 0x7f and 0xff are not a number, 448 is the largest (Micikevicius et al.
// 2022, FP8 formats for deep learning, section 3.1).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace cohort {

constexpr float f8_e4m3_value(uint8_t code) {
  const uint32_t sign = uint32_t{code} >> 7, exponent = code >> 3 & 15u, fraction = code & 7u;
  if ((code & 0x7fu) == 0x7fu) return std::numeric_limits<float>::quiet_NaN();
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-9f;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign << 31 | (exponent + 127 - 7) << 23 | fraction << 20);
}

// By code.
inline constexpr std::array<float, 256> kF8E4M3Values = [] {
  std::array<float, 256> values{};
  for (size_t code = 0; code < values.size(); ++code)
    values[code] = f8_e4m3_value(static_cast<uint8_t>(code));
  return values;
}();

}  // namespace cohort
