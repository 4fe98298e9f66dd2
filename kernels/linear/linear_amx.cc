// bf16 by AMX tiles: TDPBF16PS multiplies 16 rows of 32 k by 16 columns into fp32 (Intel SDM volume
// 2). Each C[m, n] takes the k in chunks of 32 from 0, the last one padded with 0 on both sides;
// within a chunk the instruction sums the even and the odd k, then both onto C. So a row's bits
// depend on no other row, nor on how many there are.
#include <immintrin.h>

#include <algorithm>

#include "kernels/linear/micro_kernels.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,fma,amx-tile,amx-bf16")

#include "kernels/linear/avx512_tile.h"

namespace cohort::kernels::gemm {
namespace {

constexpr int64_t kTileRows = 16, kTileColumns = 16, kTileSteps = 16;  // a step is two k
constexpr int64_t kTileBytes = 64;                                     // of a row of any tile

// Tile registers (the intrinsics want literals): C of the upper rows 0 and 1, of the lower rows 2
// and 3; A 4 and 5; B 6 and 7. A panel is two tiles wide.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  TileConfig(int64_t upper, int64_t lower) {
    for (const int t : {0, 1, 4}) set(t, upper);
    if (lower > 0)
      for (const int t : {2, 3, 5}) set(t, lower);
    for (const int t : {6, 7}) set(t, kTileSteps);
  }

 private:
  void set(int tile, int64_t count) {
    rows[tile] = static_cast<uint8_t>(count);
    row_bytes[tile] = kTileBytes;
  }
};
static_assert(sizeof(TileConfig) == 64);

// The last steps of some rows, fewer than a tile has, padded with 0. The intrinsics do not tell the
// compiler that they read memory.
template <int64_t kRows, int64_t kBytes>
struct Tail {
  alignas(64) char bytes[kRows][kBytes];

  void fill(const char* from, int64_t row_bytes, int64_t rows, int64_t bytes_each) {
    __builtin_memset(bytes, 0, sizeof bytes);
    for (int64_t i = 0; i < rows; ++i)
      __builtin_memcpy(bytes[i], from + i * row_bytes, static_cast<size_t>(bytes_each));
    asm volatile("" ::: "memory");
  }
};
using ATail = Tail<2 * kTileRows, kTileBytes>;
using BTail = Tail<kTileSteps, kStepBytes>;

// What a tile asks of memory while it multiplies: B is read from there once, and a decode step
// waits for it.
struct ChunkFetch {
  const char* from;
  int64_t chunk_bytes;  // for each chunk that is multiplied

  // Of `tiles` tiles that meet this panel, number t: its share of the next panel. One alone looks a
  // fixed way ahead.
  static ChunkFetch share(const Block& block, int64_t panel, int64_t t, int64_t tiles) {
    constexpr int64_t kAhead = 16 << 10, kChunk = kTileSteps * kStepBytes;
    const char* b = block.b + panel * block.panel_bytes;
    if (tiles == 1) return {b + kAhead, kChunk};
    const int64_t each = (kChunk / tiles + 63) / 64 * 64;
    return {b + block.panel_bytes + t * (block.steps / kTileSteps) * each, each};
  }
  [[gnu::always_inline]] void next() {
    for (int64_t i = 0; i < chunk_bytes; i += 64) _mm_prefetch(from + i, _MM_HINT_T1);
    from += chunk_bytes;
  }
};

template <bool kLower>
[[gnu::always_inline]] inline void add_chunk(const char* a, int64_t a_row_bytes, const char* b) {
  _tile_loadd(4, a, a_row_bytes);
  _tile_loadd(6, b, kStepBytes);
  _tile_loadd(7, b + kTileBytes, kStepBytes);
  _tile_dpbf16ps(0, 4, 6);
  _tile_dpbf16ps(1, 4, 7);
  if constexpr (kLower) {
    _tile_loadd(5, a + kTileRows * a_row_bytes, a_row_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
}

// The accumulators' tiles, from and to fp32 rows `stride` floats apart.
template <bool kLower>
[[gnu::always_inline]] inline void load_c(const float* c, int64_t stride) {
  const int64_t bytes = stride * static_cast<int64_t>(sizeof(float));
  _tile_loadd(0, c, bytes);
  _tile_loadd(1, c + kTileColumns, bytes);
  if constexpr (kLower) {
    _tile_loadd(2, c + kTileRows * stride, bytes);
    _tile_loadd(3, c + kTileRows * stride + kTileColumns, bytes);
  }
}
template <bool kLower>
[[gnu::always_inline]] inline void store_c(float* c, int64_t stride) {
  const int64_t bytes = stride * static_cast<int64_t>(sizeof(float));
  _tile_stored(0, c, bytes);
  _tile_stored(1, c + kTileColumns, bytes);
  if constexpr (kLower) {
    _tile_stored(2, c + kTileRows * stride, bytes);
    _tile_stored(3, c + kTileRows * stride + kTileColumns, bytes);
  }
}

// A panel's part of C, where C itself is not fp32 or has not all its columns.
struct alignas(64) CBuffer {
  float rows[2 * kTileRows][kPanel];

  void load(const Block& block, int64_t row, int64_t count, int64_t column) {
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < kPanel; j += kTileColumns)
        _mm512_store_ps(rows[i] + j, start_of(block, row + i, column + j));
    asm volatile("" ::: "memory");
  }
  void store(const Block& block, int64_t row, int64_t count, int64_t column) const {
    if (block.output == Output::kBf16 && block.columns - column >= kPanel)
      return store_whole_bf16(block, row, count, column);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < kPanel; j += kTileColumns)
        gemm::store(block, row + i, column + j, _mm512_load_ps(rows[i] + j));
  }

 private:
  void store_whole_bf16(const Block& block, int64_t row, int64_t count, int64_t column) const {
    char* c = block.c + 2 * (row * block.c_row + column);
    for (int64_t i = 0; i < count; ++i, c += 2 * block.c_row) {
      const __m256i low = round_to_bf16(_mm512_load_ps(rows[i]));
      const __m256i high = round_to_bf16(_mm512_load_ps(rows[i] + kTileColumns));
      _mm512_storeu_si512(c, _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
    }
  }
};

// Up to 32 rows of C from `row` by one panel.
template <bool kLower>
void panel_product(const Block& block, int64_t row, int64_t rows, int64_t panel,
                   const ATail& a_tail, ChunkFetch fetch) {
  const int64_t column = panel * kPanel;
  const bool in_place = block.output != Output::kBf16 && block.columns - column >= kPanel;
  float* c = reinterpret_cast<float*>(block.c) + row * block.c_row + column;
  CBuffer buffer;
  if (block.output != Output::kOntoFp32) {
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (kLower) {
      _tile_zero(2);
      _tile_zero(3);
    }
  } else if (in_place) {
    load_c<kLower>(c, block.c_row);
  } else {
    buffer.load(block, row, rows, column);
    load_c<kLower>(buffer.rows[0], kPanel);
  }
  const char* a = block.a + row * block.a_row_bytes;
  const char* b = block.b + panel * block.panel_bytes;
  const int64_t chunks = block.steps / kTileSteps, left = block.steps % kTileSteps;
  for (int64_t i = 0; i < chunks; ++i) {
    fetch.next();
    add_chunk<kLower>(a, block.a_row_bytes, b);
    a += kTileBytes;
    b += kTileSteps * kStepBytes;
  }
  if (left > 0) {
    BTail b_tail;
    b_tail.fill(b, kStepBytes, left, kStepBytes);
    add_chunk<kLower>(a_tail.bytes[0], kTileBytes, b_tail.bytes[0]);
  }
  if (in_place) return store_c<kLower>(c, block.c_row);
  store_c<kLower>(buffer.rows[0], kPanel);
  buffer.store(block, row, rows, column);
}

// The steps of some rows that fill no chunk.
void fill_tail(const Block& block, int64_t row, int64_t rows, ATail& tail) {
  const int64_t left = block.steps % kTileSteps;
  if (left == 0) return;
  tail.fill(block.a + row * block.a_row_bytes + (block.steps - left) * kWordBytes,
            block.a_row_bytes, rows, left * kWordBytes);
}

// Whole tiles, then the rows that are left. Two tiles meet each panel of B one after the other, and
// wait for memory half as long; more go through the panels one by one, each A in the first cache.
void multiply_tiles(const Block& block) {
  constexpr int64_t kRows = 2 * kTileRows;
  const int64_t together = block.rows < 3 * kRows ? 2 : 1;
  ATail tails[2];
  int64_t row = 0;
  while (block.rows - row >= kRows) {
    const int64_t tiles = std::min((block.rows - row) / kRows, together);
    const TileConfig config(kTileRows, kTileRows);
    _tile_loadconfig(&config);
    for (int64_t t = 0; t < tiles; ++t) fill_tail(block, row + t * kRows, kRows, tails[t]);
    for (int64_t panel = block.panel_begin; panel < block.panel_end; ++panel)
      for (int64_t t = 0; t < tiles; ++t)
        panel_product<true>(
            block, row + t * kRows, kRows, panel, tails[t],
            row == 0 ? ChunkFetch::share(block, panel, t, tiles) : ChunkFetch{block.b, 0});
    row += tiles * kRows;
  }
  if (const int64_t rows = block.rows - row; rows > 0) {
    const int64_t lower = std::max<int64_t>(0, rows - kTileRows);
    const TileConfig config(rows - lower, lower);
    _tile_loadconfig(&config);
    fill_tail(block, row, rows, tails[0]);
    for (int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
      const ChunkFetch fetch =
          row == 0 ? ChunkFetch::share(block, panel, 0, 1) : ChunkFetch{block.b, 0};
      if (lower > 0)
        panel_product<true>(block, row, rows, panel, tails[0], fetch);
      else
        panel_product<false>(block, row, rows, panel, tails[0], fetch);
    }
  }
  _tile_release();
}

}  // namespace

const Multiply kAmxMultiply = multiply_tiles;

}  // namespace cohort::kernels::gemm

#pragma GCC pop_options
