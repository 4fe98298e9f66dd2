// The three inner loops of attention, on registers. Each output element is one accumulator with a fixed order,
// so how rows and columns are blocked changes no bit.
//
// Included once for each target (hwy/foreach_target.h), hence the toggled guard.
#if defined(COHORT_KERNELS_ATTENTION_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COHORT_KERNELS_ATTENTION_BLOCK_INL_H_
#undef COHORT_KERNELS_ATTENTION_BLOCK_INL_H_
#else
#define COHORT_KERNELS_ATTENTION_BLOCK_INL_H_
#endif

#include <algorithm>
#include <type_traits>

#include "kernels/math/scalar.h"
#include "kernels/math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels {
namespace HWY_NAMESPACE {
namespace {

// Keys of a transposed block: two vectors.
constexpr int64_t kBlockKeys = 32;
// Rows that share a loaded vector: as many accumulators as the registers hold.
constexpr int kMaxRows = kVecs == 1 ? 8 : 2;

#define COHORT_UNROLL _Pragma("GCC unroll 16")

// ---- Gather: [keys][dim] rows into [dim][kBlockKeys].

#if HWY_TARGET != HWY_SCALAR
using BlockTag = hn::CappedTag<float, 4>;
HWY_INLINE hn::Vec<BlockTag> load4(const float* p) { return hn::LoadU(BlockTag(), p); }
HWY_INLINE hn::Vec<BlockTag> load4(const Bf16* p) {
  const hn::Rebind<uint16_t, BlockTag> half;
  const hn::RebindToUnsigned<BlockTag> word;
  const auto bits = hn::PromoteTo(word, hn::LoadU(half, reinterpret_cast<const uint16_t*>(p)));
  return hn::BitCast(BlockTag(), hn::ShiftLeft<16>(bits));
}

// Four dimensions of rows 0, 4, 8, 12: a 128-bit block each.
template <class T>
HWY_INLINE hn::Vec<FloatTag> load_blocks(const T* const* rows, int64_t d) {
  if constexpr (kLanes == 16) {
    const hn::Half<FloatTag> half;
    return hn::Combine(FloatTag(), hn::Combine(half, load4(rows[12] + d), load4(rows[8] + d)),
                       hn::Combine(half, load4(rows[4] + d), load4(rows[0] + d)));
  } else {
    return hn::Combine(FloatTag(), load4(rows[4] + d), load4(rows[0] + d));
  }
}

// Dimensions d .. d + 3 of kLanes keys: 4 x 4 transposes inside the 128-bit blocks.
template <class T>
HWY_INLINE void transpose4(const T* const* rows, int64_t d, float* out) {
  const FloatTag f;
  const hn::Repartition<double, FloatTag> pairs;
  const auto a = load_blocks(rows, d), b = load_blocks(rows + 1, d);
  const auto c = load_blocks(rows + 2, d), e = load_blocks(rows + 3, d);
  const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(f, a, b));
  const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(f, a, b));
  const auto ce_low = hn::BitCast(pairs, hn::InterleaveLower(f, c, e));
  const auto ce_high = hn::BitCast(pairs, hn::InterleaveUpper(f, c, e));
  hn::StoreU(hn::BitCast(f, hn::InterleaveLower(pairs, ab_low, ce_low)), f, out);
  hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(pairs, ab_low, ce_low)), f, out + kBlockKeys);
  hn::StoreU(hn::BitCast(f, hn::InterleaveLower(pairs, ab_high, ce_high)), f, out + 2 * kBlockKeys);
  hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(pairs, ab_high, ce_high)), f, out + 3 * kBlockKeys);
}
#endif

// `count` keys from key_rows on; spare lanes repeat the last key, whose scores are masked later.
template <class T>
void gather_transposed(const T* base, int64_t row_stride, const int32_t* key_rows, int64_t count,
                       int64_t dim, float* out) {
  const T* rows[kBlockKeys];
  for (int64_t j = 0; j < kBlockKeys; ++j) {
    rows[j] = base + key_rows[std::min(j, count - 1)] * row_stride;
  }
  int64_t d = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; d + 4 <= dim; d += 4) {
    COHORT_UNROLL for (size_t j = 0; j < kBlockKeys; j += kLanes) {
      transpose4(rows + j, d, out + d * kBlockKeys + j);
    }
  }
#endif
  for (; d < dim; ++d) {
    for (int64_t j = 0; j < kBlockKeys; ++j) out[d * kBlockKeys + j] = to_float(rows[j][d]);
  }
}

// ---- Scores: out[r][j] = scale * sum_d a[r][d] keys[d][j], d in order.

template <int kRows>
HWY_INLINE void score_block(const float* a, int64_t dim, const float* keys, float scale, float* out,
                            int64_t out_stride) {
  F16 sum[kRows][2];
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = zero16();
  for (int64_t d = 0; d < dim; ++d) {
    const F16 first = load16(keys + d * kBlockKeys, Whole());
    const F16 second = load16(keys + d * kBlockKeys + 16, Whole());
    COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
      const F16 x = set16(a[r * dim + d]);
      sum[r][0] = fma(x, first, sum[r][0]);
      sum[r][1] = fma(x, second, sum[r][1]);
    }
  }
  const F16 factor = set16(scale);
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
    store16(mul(sum[r][0], factor), out + r * out_stride, Whole());
    store16(mul(sum[r][1], factor), out + r * out_stride + 16, Whole());
  }
}

inline void score_rows(const float* a, int64_t rows, int64_t dim, const float* keys, float scale,
                       float* out, int64_t out_stride) {
  const auto run = [&](auto count) HWY_ATTR {
    constexpr int kRows = decltype(count)::value;
    for (; rows >= kRows; rows -= kRows, a += kRows * dim, out += kRows * out_stride) {
      score_block<kRows>(a, dim, keys, scale, out, out_stride);
    }
  };
  if constexpr (kMaxRows >= 8) {
    run(std::integral_constant<int, 8>());
    run(std::integral_constant<int, 4>());
  }
  run(std::integral_constant<int, 2>());
  run(std::integral_constant<int, 1>());
}

// ---- Weighted sums of rows: out(i)[c] += sum_k weight[i, k] row(k)[c], k in order.

// weight[i, k] = data[i * row_stride + k * step_stride]
struct Weights {
  const float* data;
  int64_t row_stride, step_stride;
};

template <int kRows, int kCols, class Out, class Row, class Lanes>
HWY_INLINE void add_rows_block(const Out& out, const Weights& w, int64_t i, int64_t begin,
                               int64_t end, const Row& row, int64_t c, Lanes lanes) {
  F16 sum[kRows][kCols];
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
    COHORT_UNROLL for (int k = 0; k < kCols; ++k) sum[r][k] = load16(out(i + r) + c + 16 * k, lanes);
  }
  const float* weight = w.data + i * w.row_stride + begin * w.step_stride;
  for (int64_t step = begin; step < end; ++step, weight += w.step_stride) {
    const auto* values = row(step) + c;
    F16 v[kCols];
    COHORT_UNROLL for (int k = 0; k < kCols; ++k) v[k] = load16(values + 16 * k, lanes);
    COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
      const F16 x = set16(weight[r * w.row_stride]);
      COHORT_UNROLL for (int k = 0; k < kCols; ++k) sum[r][k] = fma(x, v[k], sum[r][k]);
    }
  }
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
    COHORT_UNROLL for (int k = 0; k < kCols; ++k) store16(sum[r][k], out(i + r) + c + 16 * k, lanes);
  }
}

// kRows rows from i on, all columns, steps [begin, end).
template <int kRows, class Out, class Row>
HWY_INLINE void add_rows(const Out& out, const Weights& w, int64_t i, int64_t begin, int64_t end,
                         const Row& row, int64_t dim) {
  if (begin >= end) return;
  int64_t c = 0;
  if constexpr (kRows <= 2) {
    for (; c + 64 <= dim; c += 64) {
      add_rows_block<kRows, 4>(out, w, i, begin, end, row, c, Whole());
    }
  }
  for (; c + 32 <= dim; c += 32) {
    add_rows_block<kRows, 2>(out, w, i, begin, end, row, c, Whole());
  }
  for (; c + 16 <= dim; c += 16) {
    add_rows_block<kRows, 1>(out, w, i, begin, end, row, c, Whole());
  }
  if (c < dim) {
    add_rows_block<kRows, 1>(out, w, i, begin, end, row, c, Part{static_cast<size_t>(dim - c)});
  }
}

// Calls fn(i, std::integral_constant<int, n>) for groups of n rows, as large as the registers allow.
template <class Fn>
HWY_INLINE void for_row_groups(int64_t begin, int64_t end, const Fn& fn) {
  int64_t i = begin;
  const auto run = [&](auto count) HWY_ATTR {
    for (; i + decltype(count)::value <= end; i += decltype(count)::value) fn(i, count);
  };
  if constexpr (kMaxRows >= 8) {
    run(std::integral_constant<int, 8>());
    run(std::integral_constant<int, 4>());
  }
  run(std::integral_constant<int, 2>());
  run(std::integral_constant<int, 1>());
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cohort::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
