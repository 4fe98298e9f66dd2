// The tile loop of the AVX-512 kernels, over an operation on one step. Included by one file a
// processor kind, inside its `#pragma GCC target`.
//
// Op: kAStepBytes, the bytes of A a step reads; and step(acc, a, row_bytes, b, panel_bytes).
#pragma once

namespace cohort::kernels::gemm {
namespace {

// Row addresses of a tile: a pointer every third row, the rows between by x86 index scaling (0, 1,
// 2 times the stride), so that 14 rows need six registers.
template <int kRows>
struct TileRows {
  static constexpr int kBases = (kRows + 2) / 3;
  const char* base[kBases];
  int64_t stride;

  [[gnu::always_inline]] void start(const char* a, int64_t row_bytes) {
    stride = row_bytes;
#pragma GCC unroll 8
    for (int g = 0; g < kBases; ++g) base[g] = a + 3 * g * row_bytes;
  }
  [[gnu::always_inline]] void advance(int64_t bytes) {
#pragma GCC unroll 8
    for (int g = 0; g < kBases; ++g) {
      base[g] += bytes;
      asm volatile("" : "+r"(base[g]));  // keeps the compiler from merging the pointers again
    }
  }
  [[gnu::always_inline]] __m512 broadcast(int row, int64_t bytes) const {
    float value;
    __builtin_memcpy(&value, base[row / 3] + (row % 3) * stride + bytes, sizeof value);
    return _mm512_set1_ps(value);
  }
};

[[gnu::always_inline]] inline __m256i round_to_bf16(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i lsb = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), lsb);
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, nan, quiet), 16));
}

// Of 16 columns from `column` on, those that C has.
[[gnu::always_inline]] inline __mmask16 columns_mask(const Block& block, int64_t column) {
  const int64_t left = block.columns - column;
  return left >= 16 ? 0xffff : left <= 0 ? 0 : static_cast<__mmask16>((1u << left) - 1);
}

// Where the accumulators of C[row, column..] start.
[[gnu::always_inline]] inline __m512 start_of(const Block& block, int64_t row, int64_t column) {
  if (block.output != Output::kOntoFp32) return _mm512_setzero_ps();
  const float* c = reinterpret_cast<const float*>(block.c) + row * block.c_row + column;
  return _mm512_maskz_loadu_ps(columns_mask(block, column), c);
}

[[gnu::always_inline]] inline void store(const Block& block, int64_t row, int64_t column,
                                         __m512 x) {
  const __mmask16 mask = columns_mask(block, column);
  const int64_t at = row * block.c_row + column;
  if (block.output == Output::kBf16) {
    _mm256_mask_storeu_epi16(block.c + 2 * at, mask, round_to_bf16(x));
  } else {
    _mm512_mask_storeu_ps(reinterpret_cast<float*>(block.c) + at, mask, x);
  }
}

// What a tile asks of memory while it multiplies: of `tiles` tiles that meet a panel each its share
// of the next panel, so that reading B is spread over all of the multiplying.
struct StepFetch {
  const char* from;
  int64_t bytes;  // for each kUnroll steps

  static constexpr int64_t kUnroll = 4;
  static StepFetch share(const Block& block, int64_t panel, int64_t t, int64_t tiles) {
    const char* b = block.b + panel * block.panel_bytes;
    if (tiles == 1) return {b, 0};  // tile() itself looks ahead
    const int64_t each = (kUnroll * kStepBytes / tiles + 63) / 64 * 64;
    return {b + block.panel_bytes + t * (block.steps / kUnroll) * each, each};
  }
};

// Rows [row, row + kRows) by panels [panel, panel + kPanels).
template <class Op, int kRows, int kPanels>
void tile(const Block& block, int64_t row, int64_t panel, StepFetch fetch) {
  constexpr int kVectors = 2 * kPanels;
  constexpr int64_t kUnroll = StepFetch::kUnroll;
  constexpr int64_t kAhead = 64;  // steps of prefetching
  __m512 acc[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j)
      acc[i][j] = start_of(block, row + i, panel * kPanel + 16 * j);
  }
  const int64_t panel_bytes = block.panel_bytes;
  const char* b = block.b + panel * panel_bytes;
  TileRows<kRows> a;
  a.start(block.a + row * block.a_row_bytes, block.a_row_bytes);

  int64_t s = 0;
  for (; s + kUnroll <= block.steps; s += kUnroll) {
#pragma GCC unroll 8
    for (int u = 0; u < kUnroll; ++u) {
#pragma GCC unroll 8
      for (int p = 0; p < kPanels; ++p) {
        const char* ahead = b + p * panel_bytes + (u + kAhead) * kStepBytes;
        _mm_prefetch(ahead, _MM_HINT_T0);
        _mm_prefetch(ahead + 64, _MM_HINT_T0);
      }
      // At two tiles a share is these lines; where it is less, the next ones ask again.
      if constexpr (kPanels == 1 && kRows > 4) _mm_prefetch(fetch.from + 64 * u, _MM_HINT_T1);
      Op::template step<kRows, kPanels>(acc, a, u * Op::kAStepBytes, b + u * kStepBytes,
                                        panel_bytes);
    }
    a.advance(kUnroll * Op::kAStepBytes);
    b += kUnroll * kStepBytes;
    fetch.from += fetch.bytes;
  }
  for (; s < block.steps; ++s) {
    Op::template step<kRows, kPanels>(acc, a, 0, b, panel_bytes);
    a.advance(Op::kAStepBytes);
    b += kStepBytes;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) store(block, row + i, panel * kPanel + 16 * j, acc[i][j]);
  }
}

template <class Op, int kPanels>
void row_tile(const Block& block, int64_t row, int64_t rows, int64_t panel, StepFetch fetch) {
  if constexpr (kPanels == 1) {
    switch (rows) {
      case 1:
        return tile<Op, 1, 1>(block, row, panel, fetch);
      case 2:
        return tile<Op, 2, 1>(block, row, panel, fetch);
      case 3:
        return tile<Op, 3, 1>(block, row, panel, fetch);
      case 4:
        return tile<Op, 4, 1>(block, row, panel, fetch);
      case 5:
        return tile<Op, 5, 1>(block, row, panel, fetch);
      case 6:
        return tile<Op, 6, 1>(block, row, panel, fetch);
      case 7:
        return tile<Op, 7, 1>(block, row, panel, fetch);
      case 8:
        return tile<Op, 8, 1>(block, row, panel, fetch);
      case 9:
        return tile<Op, 9, 1>(block, row, panel, fetch);
      case 10:
        return tile<Op, 10, 1>(block, row, panel, fetch);
      case 11:
        return tile<Op, 11, 1>(block, row, panel, fetch);
      case 12:
        return tile<Op, 12, 1>(block, row, panel, fetch);
      case 13:
        return tile<Op, 13, 1>(block, row, panel, fetch);
      default:
        return tile<Op, 14, 1>(block, row, panel, fetch);
    }
  } else if constexpr (kPanels == 2) {
    return rows == 3 ? tile<Op, 3, 2>(block, row, panel, fetch)
                     : tile<Op, 4, 2>(block, row, panel, fetch);
  } else {
    return rows == 1 ? tile<Op, 1, 4>(block, row, panel, fetch)
                     : tile<Op, 2, 4>(block, row, panel, fetch);
  }
}

// Few rows take several panels at once: the accumulators of one panel alone would wait for each
// other.
template <class Op>
void multiply(const Block& block) {
  int64_t panel = block.panel_begin;
  if (block.rows <= 2) {
    for (; panel + 4 <= block.panel_end; panel += 4)
      row_tile<Op, 4>(block, 0, block.rows, panel, StepFetch{block.b, 0});
  } else if (block.rows <= 4) {
    for (; panel + 2 <= block.panel_end; panel += 2)
      row_tile<Op, 2>(block, 0, block.rows, panel, StepFetch{block.b, 0});
  }
  const int64_t tiles = (block.rows + Op::kMaxRows - 1) / Op::kMaxRows;
  for (; panel < block.panel_end; ++panel) {
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t begin = t * block.rows / tiles, end = (t + 1) * block.rows / tiles;
      row_tile<Op, 1>(block, begin, end - begin, panel, StepFetch::share(block, panel, t, tiles));
    }
  }
}

}  // namespace
}  // namespace cohort::kernels::gemm
