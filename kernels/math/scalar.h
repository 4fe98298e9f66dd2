// One element at a time: the same conversions as vector_math.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/math/bf16.h"

namespace cohort::kernels {

inline float to_float(float x) { return x; }
inline float to_float(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }

// To bf16: nearest even; a NaN stays a NaN.
template <class T>
T from_float(float x) {
  if constexpr (std::is_same_v<T, float>) {
    return x;
  } else {
    const uint32_t bits = std::bit_cast<uint32_t>(x);
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return Bf16{static_cast<uint16_t>(x == x ? rounded : (bits >> 16) | 0x40u)};
  }
}

}  // namespace cohort::kernels
