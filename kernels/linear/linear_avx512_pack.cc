// Packing with 16 x 16 transposes of 32-bit words, for both element types.
#include <immintrin.h>

#include <algorithm>

#include "kernels/linear/micro_kernels.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,fma")

namespace cohort::kernels::gemm {
namespace {

[[gnu::always_inline]] inline __mmask32 first(int64_t count) {
  return count >= 32 ? 0xffffffffu : count <= 0 ? 0u : (1u << count) - 1;
}

// `left` elements of a row from p on, as 16 words of the row (two bf16 a word), zeros after its
// end.
template <Element kElement>
[[gnu::always_inline]] inline __m512i row_words(const char* p, int64_t left) {
  if constexpr (kElement == Element::kFp32) {
    return _mm512_maskz_loadu_epi32(static_cast<__mmask16>(first(left)), p);
  } else {
    return _mm512_maskz_loadu_epi16(first(left), p);
  }
}

// Step s of 16 columns: fp32, row s; bf16, rows 2s (low halves) and 2s + 1.
template <Element kElement>
[[gnu::always_inline]] inline __m512i step_words(const Rows& w, int64_t rows, int64_t s,
                                                 int64_t column, int64_t left) {
  const __mmask16 mask = static_cast<__mmask16>(first(left));
  if constexpr (kElement == Element::kFp32) {
    if (s >= rows) return _mm512_setzero_si512();
    return _mm512_maskz_loadu_epi32(mask, w.row(s) + 4 * column);
  } else {
    __m512i low = _mm512_setzero_si512(), high = low;
    if (2 * s < rows) {
      low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, w.row(2 * s) + 2 * column));
    }
    if (2 * s + 1 < rows) {
      high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, w.row(2 * s + 1) + 2 * column));
    }
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
  }
}

[[gnu::always_inline]] inline void transpose_words(__m512i (&r)[16]) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

template <Element kElement>
void pack_transposed(const Rows& w, int64_t n, int64_t k, int64_t begin, int64_t end, char* b) {
  constexpr int64_t kPerWord = kElement == Element::kFp32 ? 1 : 2;
  const int64_t steps = steps_of(kElement, k);
  for (int64_t half = 2 * begin; half < 2 * end; ++half) {
    const int64_t column = 16 * half;
    char* out = b + (half / 2) * steps * kStepBytes + (half % 2) * 64;
    for (int64_t s = 0; s < steps; s += 16) {
      __m512i r[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) {
        r[i] = column + i < n
                   ? row_words<kElement>(w.row(column + i) + s * kWordBytes, k - s * kPerWord)
                   : _mm512_setzero_si512();
      }
      transpose_words(r);
      char* at = out + s * kStepBytes;
      if (s + 16 <= steps) {
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) _mm512_storeu_si512(at + i * kStepBytes, r[i]);
      } else {
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) {
          if (s + i < steps) _mm512_storeu_si512(at + i * kStepBytes, r[i]);
        }
      }
    }
  }
}

template <Element kElement>
void pack(const Rows& w, int64_t k, int64_t n, int64_t begin, int64_t end, char* b) {
  const int64_t steps = steps_of(kElement, k);
  for (int64_t panel = begin; panel < end; ++panel) {
    const int64_t column = panel * kPanel;
    char* out = b + panel * steps * kStepBytes;
    for (int64_t s = 0; s < steps; ++s) {
      _mm512_storeu_si512(out, step_words<kElement>(w, k, s, column, n - column));
      _mm512_storeu_si512(out + 64, step_words<kElement>(w, k, s, column + 16, n - column - 16));
      out += kStepBytes;
    }
  }
}

template <Element kElement>
void transpose(const Rows& w, int64_t m, int64_t n, char* out, int64_t out_row_bytes) {
  const int64_t steps = steps_of(kElement, m);
  for (int64_t s = 0; s < steps; s += 16) {
    const __mmask16 mask = static_cast<__mmask16>(first(steps - s));
    for (int64_t column = 0; column < n; column += 16) {
      __m512i r[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) r[i] = step_words<kElement>(w, m, s + i, column, n - column);
      transpose_words(r);
      char* at = out + column * out_row_bytes + s * kWordBytes;
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) {
        if (column + i < n) _mm512_mask_storeu_epi32(at + i * out_row_bytes, mask, r[i]);
      }
    }
  }
}

void widen_rows(const Rows& x, int64_t rows, int64_t k, char* out, int64_t out_row_bytes) {
  const int64_t padded = 2 * steps_of(Element::kBf16, k);
  for (int64_t row = 0; row < rows; ++row) {
    const char* from = x.row(row);
    char* to = out + row * out_row_bytes;
    for (int64_t i = 0; i < padded; i += 16) {
      const __m256i half =
          _mm256_maskz_loadu_epi16(static_cast<__mmask16>(first(k - i)), from + 2 * i);
      const __m512i words = _mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16);
      _mm512_mask_storeu_epi32(to + 4 * i, static_cast<__mmask16>(first(padded - i)), words);
    }
  }
}

}  // namespace

const Gather kAvx512WidenRows = widen_rows;
const PackKernels kAvx512PackFp32 = {pack_transposed<Element::kFp32>, pack<Element::kFp32>,
                                     transpose<Element::kFp32>};
const PackKernels kAvx512PackBf16 = {pack_transposed<Element::kBf16>, pack<Element::kBf16>,
                                     transpose<Element::kBf16>};

}  // namespace cohort::kernels::gemm

#pragma GCC pop_options
