// 8-bit products by VPDPBUSD: unsigned bytes of B times signed bytes of A, four k a word, exact.
#include <immintrin.h>

#include <cstddef>

#include "kernels/linear/micro_kernels.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,fma,f16c")

#include "kernels/linear/avx512_tile.h"

namespace cohort::kernels::gemm {
namespace {

constexpr int64_t kScales = kQ8Words * kStepBytes;  // where a step's scales lie
constexpr float kSmallestNormal = 0x1p-126f;

[[gnu::always_inline]] inline __mmask16 first(int64_t count) {
  return count >= 16 ? 0xffff : count <= 0 ? 0 : static_cast<__mmask16>((1u << count) - 1);
}

// Elements [0, left) of 16 from p on, zeros after them.
template <int kBytes>
[[gnu::always_inline]] inline __m512 widened(const char* p, int64_t left) {
  if constexpr (kBytes == 4) {
    return _mm512_maskz_loadu_ps(first(left), p);
  } else {
    const __m256i half = _mm256_maskz_loadu_epi16(first(left), p);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
  }
}

struct Quantised {
  __m256i q;
  float scale;
};

// Elements [0, left) of the block from p on.
template <int kBytes>
[[gnu::always_inline]] inline Quantised quantise(const char* p, int64_t left) {
  const __m512 low = widened<kBytes>(p, left), high = widened<kBytes>(p + 16 * kBytes, left - 16);
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  const __m512i larger = _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(low), magnitude),
                                          _mm512_and_si512(_mm512_castps_si512(high), magnitude));
  const uint32_t largest = _mm512_reduce_max_epu32(larger);
  if (largest >= 0x7f800000u) return {_mm256_setzero_si256(), __builtin_nanf("")};
  float scale;
  __builtin_memcpy(&scale, &largest, sizeof scale);
  scale /= 127.0f;
  if (scale < kSmallestNormal) return {_mm256_setzero_si256(), 0.0f};
  const __m512 inverse = _mm512_set1_ps(1.0f / scale);
  const auto bytes = [&](__m512 x) __attribute__((always_inline)) {
    return _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x, inverse)));
  };
  return {_mm256_set_m128i(bytes(high), bytes(low)), scale};
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
      const __m256i sums = _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8(-128),
                                               block.q);  // 128 as an unsigned byte
      values->offset = -_mm512_reduce_add_epi32(_mm512_zextsi256_si512(sums));
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
#pragma GCC unroll 8
      for (int64_t i = 0; i < kQ8Words; ++i)
        __builtin_memcpy(out + i * kStepBytes + 4 * j, words + i, sizeof words[i]);
      const uint16_t half = _cvtss_sh(block.scale, _MM_FROUND_TO_NEAREST_INT);
      __builtin_memcpy(out + kScales + 2 * j, &half, sizeof half);
    }
  }
}

template <class T>
[[gnu::always_inline]] inline T value_at(const char* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}

// Rows [row, row + kRows) by kPanels panels from `panel` on.
template <int kRows, int kPanels>
void tile(const Block& block, int64_t row, int64_t panel) {
  constexpr int kVectors = 2 * kPanels;
  constexpr int64_t kAhead = 8;  // steps of prefetching
  __m512 acc[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) acc[i][j] = _mm512_setzero_ps();
  }
  const int64_t panel_bytes = block.panel_bytes;
  const char* b = block.b + panel * panel_bytes;
  const char* a = block.a + row * block.a_row_bytes;
  const int64_t stride = block.a_row_bytes;
  for (int64_t s = 0; s < block.steps; ++s) {
    __m512i sum[kRows][kVectors];
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m512i offset =
          _mm512_set1_epi32(value_at<int32_t>(a + i * stride + offsetof(Q8Values, offset)));
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) sum[i][j] = offset;
    }
#pragma GCC unroll 8
    for (int64_t word = 0; word < kQ8Words; ++word) {
      __m512i bv[kVectors];
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        const char* at = b + (j / 2) * panel_bytes + word * kStepBytes + (j % 2) * 64;
        _mm_prefetch(at + kAhead * kQ8StepBytes, _MM_HINT_T0);
        bv[j] = _mm512_loadu_si512(at);
      }
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const __m512i av = _mm512_set1_epi32(value_at<int32_t>(a + i * stride + 4 * word));
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j) sum[i][j] = _mm512_dpbusd_epi32(sum[i][j], bv[j], av);
      }
    }
    __m512 scale[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      const char* at = b + (j / 2) * panel_bytes + kScales + (j % 2) * 32;
      scale[j] = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m512 own =
          _mm512_set1_ps(value_at<float>(a + i * stride + offsetof(Q8Values, scale)));
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        acc[i][j] =
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[i][j]), _mm512_mul_ps(own, scale[j]), acc[i][j]);
    }
    a += sizeof(Q8Values);
    b += kQ8StepBytes;
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) store(block, row + i, panel * kPanel + 16 * j, acc[i][j]);
  }
}

void row_tile(const Block& block, int64_t row, int64_t rows, int64_t panel) {
  switch (rows) {
    case 1:
      return tile<1, 1>(block, row, panel);
    case 2:
      return tile<2, 1>(block, row, panel);
    case 3:
      return tile<3, 1>(block, row, panel);
    case 4:
      return tile<4, 1>(block, row, panel);
    case 5:
      return tile<5, 1>(block, row, panel);
    default:
      return tile<6, 1>(block, row, panel);
  }
}

void multiply_q8(const Block& block) {
  constexpr int64_t kMaxRows = 6;
  const int64_t tiles = (block.rows + kMaxRows - 1) / kMaxRows;
  int64_t panel = block.panel_begin;
  for (; block.rows == 1 && panel + 2 <= block.panel_end; panel += 2) tile<1, 2>(block, 0, panel);
  for (; panel < block.panel_end; ++panel) {
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t begin = t * block.rows / tiles, end = (t + 1) * block.rows / tiles;
      row_tile(block, begin, end - begin, panel);
    }
  }
}

}  // namespace

const Q8Kernels kAvx512Q8 = {multiply_q8,
                             gather<4>,
                             gather<2>,
                             {pack_transposed<4>, nullptr, nullptr},
                             {pack_transposed<2>, nullptr, nullptr}};

}  // namespace cohort::kernels::gemm

#pragma GCC pop_options
