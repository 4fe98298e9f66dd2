// Numbers of 8 bits, e4m3: sign, 4 bits of exponent (bias 7), 3 of fraction; no infinities, 0x7f is
// not a number, 448 the largest (Micikevicius et al. 2022, FP8 formats for deep learning, 3.1).
#pragma once

#include "kernels/device/tensor_core.cuh"

namespace cohort::kernels::device {

inline constexpr float kLargestE4m3 = 448.0f;

__device__ inline float e4m3_value(uint32_t code) {
  // Shifted into place a code is a float whose exponent lacks 127 - 7; a subnormal one too.
  const float magnitude = __uint_as_float((code & 0x7fu) << 20) * 0x1p120f;
  const float value = (code & 0x7fu) == 0x7fu ? NAN : magnitude;
  return (code & 0x80u) != 0 ? -value : value;
}

// Nearest even; beyond the largest, the largest; a NaN stays a NaN. In integers, so that every
// device has the same codes.
__device__ inline uint8_t e4m3_code(float x) {
  const uint32_t bits = __float_as_uint(x), sign = bits >> 24 & 0x80u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint8_t>(sign | 0x7fu);
  if (magnitude >= __float_as_uint(kLargestE4m3)) return static_cast<uint8_t>(sign | 0x7eu);
  if (magnitude < __float_as_uint(0x1p-6f)) {  // subnormal: steps of 2^-9
    // The sum with 2^14 has steps of 2^-9: it rounds as we want and shows the number of steps.
    const float steps = __uint_as_float(magnitude) + 0x1p14f;
    return static_cast<uint8_t>(sign | (__float_as_uint(steps) & 0xfu));
  }
  const uint32_t rounded = magnitude + 0x7ffffu + (magnitude >> 20 & 1u);
  return static_cast<uint8_t>(sign | ((rounded >> 20) - ((127u - 7u) << 3)));
}

// Codes 2i and 2i + 1 of a word as bf16, exact.
__device__ inline uint32_t e4m3_pair_as_bf16(uint32_t word, int i) {
  const uint32_t pair = word >> (16 * i);
  const uint32_t low = __float_as_uint(e4m3_value(pair & 0xffu));
  return low >> 16 | (__float_as_uint(e4m3_value(pair >> 8 & 0xffu)) & 0xffff0000u);
}

// c += a b, 16 x 32 by 32 x 8. Before sm_89 as two products of bf16: the first takes codes 0 and 1
// of each word, the second codes 2 and 3, so each element of c still has all of its 32 terms.
__device__ inline void multiply_e4m3_as_bf16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0,
                                             uint32_t b1) {
  COHORT_UNROLL
  for (int i = 0; i < 2; ++i) {
    const uint32_t wide[4] = {e4m3_pair_as_bf16(a[0], i), e4m3_pair_as_bf16(a[1], i),
                              e4m3_pair_as_bf16(a[2], i), e4m3_pair_as_bf16(a[3], i)};
    multiply_16x8x16(c, wide, e4m3_pair_as_bf16(b0, i), e4m3_pair_as_bf16(b1, i));
  }
}
__device__ inline void multiply_e4m3(float (&c)[4], const uint32_t (&a)[4], uint32_t b0,
                                     uint32_t b1) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 890
  multiply_e4m3_as_bf16(c, a, b0, b1);
#else
  multiply_16x8x32_e4m3(c, a, b0, b1);
#endif
}

}  // namespace cohort::kernels::device
