// Intrinsics: Highway 1.0.3 has no bf16 products.
#include <immintrin.h>

#include "kernels/speed/peak_loops.h"

namespace cohort::kernels::peak {

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")

namespace {
volatile float float_sink;
}

double dot_bf16_avx512(int64_t repeats) {
  constexpr int kChains = 12;
  __m512 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512bh x = (__m512bh)_mm512_set1_epi16(0x3c00), y = (__m512bh)_mm512_set1_epi16(0x3c10);
  for (int64_t r = 0; r < repeats; ++r)
    for (int i = 0; i < kChains; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], x, y);
  __m512 sum = sums[0];
  for (int i = 1; i < kChains; ++i) sum = _mm512_add_ps(sum, sums[i]);
  float_sink = _mm512_reduce_add_ps(sum);
  return 2.0 * 32 * kChains * static_cast<double>(repeats);
}

#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("amx-tile,amx-bf16")

// Four tiles of sums, two of each factor, as a product of 32 x 32 blocks has them.
double dot_bf16_amx(int64_t repeats) {
  struct alignas(64) {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } config;
  // The intrinsic does not tell the compiler that it reads memory.
  asm volatile("" ::"r"(&config) : "memory");
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (int64_t r = 0; r < repeats; ++r) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return 4.0 * 2 * 16 * 16 * 32 * static_cast<double>(repeats);
}

#pragma GCC pop_options

}  // namespace cohort::kernels::peak
