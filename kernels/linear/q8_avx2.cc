// 8-bit products by VPMADDUBSW, whose 16-bit sums saturate: |a| as the unsigned side and b with a's
// sign as the other keep below 2 * 127 * 127.
#include <immintrin.h>

#include <cstddef>

#include "kernels/linear/micro_kernels.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")

#include "kernels/linear/portable_store.h"

namespace cohort::kernels::gemm {
namespace {

constexpr int64_t kScales = kQ8Words * kStepBytes;  // where a step's scales lie
constexpr float kSmallestNormal = 0x1p-126f;

struct Quantised {
  __m256i q;
  float scale;
};

// Eight elements of a block; what lies beyond its row was copied and padded with 0.
template <int kBytes>
[[gnu::always_inline]] inline __m256 widened(const char* p) {
  if constexpr (kBytes == 4) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(p));
  } else {
    const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
  }
}

[[gnu::always_inline]] inline uint32_t largest_of(__m256i x) {
  __m128i m = _mm_max_epu32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4e));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0xb1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(m));
}

// Elements [0, left) of the block from p on.
template <int kBytes>
[[gnu::always_inline]] inline Quantised quantise(const char* p, int64_t left) {
  alignas(32) char copy[kQ8Block * kBytes];
  if (left < kQ8Block) {
    __builtin_memset(copy, 0, sizeof copy);
    __builtin_memcpy(copy, p, static_cast<size_t>(left * kBytes));
    p = copy;
  }
  __m256 x[4];
  __m256i larger = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    x[i] = widened<kBytes>(p + 8 * i * kBytes);
    larger = _mm256_max_epu32(
        larger, _mm256_and_si256(_mm256_castps_si256(x[i]), _mm256_set1_epi32(0x7fffffff)));
  }
  const uint32_t largest = largest_of(larger);
  if (largest >= 0x7f800000u) return {_mm256_setzero_si256(), __builtin_nanf("")};
  float scale;
  __builtin_memcpy(&scale, &largest, sizeof scale);
  scale /= 127.0f;
  if (scale < kSmallestNormal) return {_mm256_setzero_si256(), 0.0f};
  const __m256 inverse = _mm256_set1_ps(1.0f / scale);
  __m256i q[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], inverse));
  // Packing interleaves the halves of 128 bits: groups of four come as 0 2 4 6 1 3 5 7.
  const __m256i packed =
      _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
  return {_mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)), scale};
}

template <int kBytes>
void gather(const Rows& x, int64_t rows, int64_t k, char* out, int64_t out_row_bytes) {
  for (int64_t row = 0; row < rows; ++row) {
    const char* from = x.row(row);
    auto* values = reinterpret_cast<Q8Values*>(out + row * out_row_bytes);
    for (int64_t begin = 0; begin < k; begin += kQ8Block, ++values) {
      const Quantised block = quantise<kBytes>(from + begin * kBytes, k - begin);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(values->q), block.q);
      values->scale = block.scale;
      int32_t sum = 0;
      for (const int8_t q : values->q) sum += q;
      values->offset = -128 * sum;
    }
  }
}

template <int kBytes>
void pack_transposed(const Rows& w, int64_t n, int64_t k, int64_t begin, int64_t end, char* b) {
  const int64_t steps = steps_of(Element::kQ8, k);
  for (int64_t column = begin * kPanel; column < end * kPanel; ++column) {
    char* out = b + column / kPanel * steps * kQ8StepBytes;
    const int64_t j = column % kPanel;
    const char* row = column < n ? w.row(column) : nullptr;
    for (int64_t s = 0; s < steps; ++s, out += kQ8StepBytes) {
      Quantised block = {_mm256_setzero_si256(), 0.0f};
      if (row != nullptr) block = quantise<kBytes>(row + s * kQ8Block * kBytes, k - s * kQ8Block);
      alignas(32) uint32_t words[kQ8Words];
      _mm256_store_si256(reinterpret_cast<__m256i*>(words),
                         _mm256_xor_si256(block.q, _mm256_set1_epi8(-128)));
      for (int64_t i = 0; i < kQ8Words; ++i)
        __builtin_memcpy(out + i * kStepBytes + 4 * j, words + i, sizeof words[i]);
      const uint16_t half = _cvtss_sh(block.scale, _MM_FROUND_TO_NEAREST_INT);
      __builtin_memcpy(out + kScales + 2 * j, &half, sizeof half);
    }
  }
}

// Rows [row, row + kRows) by 16 columns, from half `half` of the panel on.
template <int kRows>
void tile(const Block& block, int64_t row, int64_t panel, int64_t half) {
  constexpr int kVectors = 2;
  __m256 acc[kRows][kVectors];
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) acc[i][0] = acc[i][1] = _mm256_setzero_ps();
  const char* b = block.b + panel * block.panel_bytes;
  const char* a = block.a + row * block.a_row_bytes;
  const int64_t stride = block.a_row_bytes;
  for (int64_t s = 0; s < block.steps; ++s, a += sizeof(Q8Values), b += kQ8StepBytes) {
    __m256i sum[kRows][kVectors];
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) sum[i][0] = sum[i][1] = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int64_t word = 0; word < kQ8Words; ++word) {
      const char* at = b + word * kStepBytes + half * 64;
      _mm_prefetch(at + 8 * kQ8StepBytes, _MM_HINT_T0);
      __m256i bv[kVectors];
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j)
        bv[j] = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32 * j)),
                                 _mm256_set1_epi8(-128));
#pragma GCC unroll 4
      for (int i = 0; i < kRows; ++i) {
        int32_t four;
        __builtin_memcpy(&four, a + i * stride + 4 * word, sizeof four);
        const __m256i av = _mm256_set1_epi32(four), magnitude = _mm256_abs_epi8(av);
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j) {
          const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(bv[j], av));
          sum[i][j] = _mm256_add_epi32(sum[i][j], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
      }
    }
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) {
      const char* at = b + kScales + half * 32 + 16 * j;
      const __m256 scale = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
#pragma GCC unroll 4
      for (int i = 0; i < kRows; ++i) {
        float own;
        __builtin_memcpy(&own, a + i * stride + offsetof(Q8Values, scale), sizeof own);
        acc[i][j] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[i][j]),
                                    _mm256_mul_ps(_mm256_set1_ps(own), scale), acc[i][j]);
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) {
    float sums[8 * kVectors];
    _mm256_storeu_ps(sums, acc[i][0]);
    _mm256_storeu_ps(sums + 8, acc[i][1]);
    store_sums(block, row + i, panel * kPanel + 16 * half, sums, 8 * kVectors);
  }
}

void multiply_q8(const Block& block) {
  for (int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
    for (int64_t half = 0; half < 2; ++half) {
      int64_t row = 0;
      for (; row + 2 <= block.rows; row += 2) tile<2>(block, row, panel, half);
      if (row < block.rows) tile<1>(block, row, panel, half);
    }
  }
}

}  // namespace

const Q8Kernels kAvx2Q8 = {multiply_q8,
                           gather<4>,
                           gather<2>,
                           {pack_transposed<4>, nullptr, nullptr},
                           {pack_transposed<2>, nullptr, nullptr}};

}  // namespace cohort::kernels::gemm

#pragma GCC pop_options
