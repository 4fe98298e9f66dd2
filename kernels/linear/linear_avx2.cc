// Tiles of 6 rows by half a panel (12 accumulators), or of up to 3 rows by a whole one.
#include <immintrin.h>

#include "kernels/linear/micro_kernels.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "kernels/linear/portable_store.h"

namespace cohort::kernels::gemm {
namespace {

struct Fp32Step {
  static constexpr int kHalves = 1;  // values of k in a word
  [[gnu::always_inline]] static __m256 widen(const char* b, int) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(b));
  }
};

struct WidenStep {
  static constexpr int kHalves = 2;
  [[gnu::always_inline]] static __m256 widen(const char* b, int half) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b));
    const __m256i bits = half == 0 ? _mm256_slli_epi32(words, 16)
                                   : _mm256_and_si256(words, _mm256_set1_epi32(0xffff0000));
    return _mm256_castsi256_ps(bits);
  }
};

// Rows [row, row + kRows) by 8 * kVectors columns from `column` on.
template <class Step, int kRows, int kVectors>
void tile(const Block& block, int64_t row, int64_t column) {
  __m256 acc[kRows][kVectors];
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
    float sums[8 * kVectors];
    start_sums(block, row + i, column, sums, 8 * kVectors);
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) acc[i][j] = _mm256_loadu_ps(sums + 8 * j);
  }
  const char* b = block.b + (column / kPanel) * block.panel_bytes + 4 * (column % kPanel);
  const char* a = block.a + row * block.a_row_bytes;
  const int64_t stride = block.a_row_bytes;
  for (int64_t s = 0; s < block.steps; ++s) {
    _mm_prefetch(b + 64 * kStepBytes, _MM_HINT_T0);
#pragma GCC unroll 2
    for (int half = 0; half < Step::kHalves; ++half) {
      __m256 bv[kVectors];
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) bv[j] = Step::widen(b + 32 * j, half);
#pragma GCC unroll 6
      for (int i = 0; i < kRows; ++i) {
        const __m256 av =
            _mm256_broadcast_ss(reinterpret_cast<const float*>(a + i * stride) + half);
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j) acc[i][j] = _mm256_fmadd_ps(av, bv[j], acc[i][j]);
      }
    }
    a += 4 * Step::kHalves;
    b += kStepBytes;
  }
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
    float sums[8 * kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) _mm256_storeu_ps(sums + 8 * j, acc[i][j]);
    store_sums(block, row + i, column, sums, 8 * kVectors);
  }
}

template <class Step>
void row_tile(const Block& block, int64_t row, int64_t rows, int64_t panel) {
  const int64_t column = panel * kPanel;
  switch (rows) {
    case 1:
      return tile<Step, 1, 4>(block, row, column);
    case 2:
      return tile<Step, 2, 4>(block, row, column);
    case 3:
      return tile<Step, 3, 4>(block, row, column);
    default:
      break;
  }
  for (int64_t half = 0; half < 2; ++half) {
    switch (rows) {
      case 4:
        tile<Step, 4, 2>(block, row, column + 16 * half);
        break;
      case 5:
        tile<Step, 5, 2>(block, row, column + 16 * half);
        break;
      default:
        tile<Step, 6, 2>(block, row, column + 16 * half);
        break;
    }
  }
}

template <class Step>
void multiply(const Block& block) {
  constexpr int64_t kMaxRows = 6;
  const int64_t tiles = (block.rows + kMaxRows - 1) / kMaxRows;
  for (int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t begin = t * block.rows / tiles, end = (t + 1) * block.rows / tiles;
      row_tile<Step>(block, begin, end - begin, panel);
    }
  }
}

}  // namespace

const Multiply kAvx2MultiplyFp32 = multiply<Fp32Step>;
const Multiply kAvx2MultiplyWiden = multiply<WidenStep>;

}  // namespace cohort::kernels::gemm

#pragma GCC pop_options
