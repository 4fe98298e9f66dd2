// 8-bit products by AMX tiles where there are rows enough: TDPBSUD sums a block of 32 k for 16 rows
// and 16 columns, exactly, and the scales are applied as everywhere (Intel SDM volume 2).
#include <immintrin.h>

#include <cstddef>

#include "kernels/linear/micro_kernels.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,fma,f16c,amx-tile,amx-int8")

#include "kernels/linear/avx512_tile.h"

namespace cohort::kernels::gemm {
namespace {

constexpr int64_t kScales = kQ8Words * kStepBytes;  // where a step's scales lie
constexpr int64_t kTileRows = 16, kTileColumns = 16;

// Tile registers: C 0, A 1, B 2.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {4 * kTileColumns, kQ8Block, 4 * kTileColumns};
  uint8_t rows[16] = {};

  explicit TileConfig(int64_t count)
      : rows{static_cast<uint8_t>(count), static_cast<uint8_t>(count), kQ8Words} {}
};
static_assert(sizeof(TileConfig) == 64);

struct alignas(64) Sums {
  int32_t of[kTileRows][kTileColumns];
};

// sums = the integer products of a step.
[[gnu::always_inline]] inline void multiply_step(const char* a, int64_t a_row_bytes, const char* b,
                                                 Sums& sums) {
  _tile_zero(0);
  _tile_loadd(1, a, a_row_bytes);
  _tile_loadd(2, b, kStepBytes);
  _tile_dpbsud(0, 1, 2);
  _tile_stored(0, sums.of, sizeof sums.of[0]);
}

// Rows [row, row + kRows) by half a panel.
template <int kRows>
void tile(const Block& block, int64_t row, int64_t panel, int64_t half) {
  const char* b = block.b + panel * block.steps * kQ8StepBytes + half * 4 * kTileColumns;
  const char* scales =
      block.b + panel * block.steps * kQ8StepBytes + kScales + half * 2 * kTileColumns;
  const char* a = block.a + row * block.a_row_bytes;
  const int64_t stride = block.a_row_bytes;
  __m512 acc[kRows];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) acc[i] = _mm512_setzero_ps();
  Sums sums[2];
  if (block.steps > 0) multiply_step(a, stride, b, sums[0]);
  for (int64_t s = 0; s < block.steps; ++s) {
    // The tile of the next step while this one's is scaled.
    if (s + 1 < block.steps)
      multiply_step(a + sizeof(Q8Values), stride, b + kQ8StepBytes, sums[(s + 1) % 2]);
    const __m512 scale =
        _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(scales)));
    const auto& own_sums = sums[s % 2].of;
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const auto* values = reinterpret_cast<const Q8Values*>(a + i * stride);
      const __m512i sum =
          _mm512_add_epi32(_mm512_load_si512(own_sums[i]), _mm512_set1_epi32(values->offset));
      acc[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum),
                               _mm512_mul_ps(_mm512_set1_ps(values->scale), scale), acc[i]);
    }
    a += sizeof(Q8Values);
    b += kQ8StepBytes;
    scales += kQ8StepBytes;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i)
    store(block, row + i, panel * kPanel + half * kTileColumns, acc[i]);
}

using TileFunction = void (*)(const Block&, int64_t row, int64_t panel, int64_t half);
constexpr TileFunction kTiles[kTileRows] = {
    tile<1>, tile<2>,  tile<3>,  tile<4>,  tile<5>,  tile<6>,  tile<7>,  tile<8>,
    tile<9>, tile<10>, tile<11>, tile<12>, tile<13>, tile<14>, tile<15>, tile<16>};

void multiply_q8(const Block& block) {
  constexpr int64_t kFewRows = 6;  // as many as VPDPBUSD takes at once
  if (block.rows <= kFewRows) return kAvx512Q8.multiply(block);
  const int64_t tiles = (block.rows + kTileRows - 1) / kTileRows;
  int64_t configured = 0;
  for (int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t begin = t * block.rows / tiles, rows = (t + 1) * block.rows / tiles - begin;
      if (rows != configured) {
        const TileConfig config(rows);
        _tile_loadconfig(&config);
        configured = rows;
      }
      for (int64_t half = 0; half < 2; ++half) kTiles[rows - 1](block, begin, panel, half);
    }
  }
  _tile_release();
}

}  // namespace

const Multiply kAmxQ8Multiply = multiply_q8;

}  // namespace cohort::kernels::gemm

#pragma GCC pop_options
