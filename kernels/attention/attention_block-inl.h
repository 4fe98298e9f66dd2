// The three inner loops of attention, on registers. Each output element is one accumulator with a
// fixed order, so how rows and columns are blocked changes no bit.
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
// Four dimensions of rows 0, 4 (and 8, 12): a block of four lanes each.
template <class Lane, class T>
HWY_INLINE auto load_quads(const T* const* rows, int64_t d) {
  const hn::CappedTag<Lane, 4> quad;
  const hn::Twice<decltype(quad)> two;
  const auto load = [&](int r) HWY_ATTR {
    return hn::LoadU(quad, reinterpret_cast<const Lane*>(rows[r] + d));
  };
  const auto low = hn::Combine(two, load(4), load(0));
  if constexpr (kLanes == 16) {
    return hn::Combine(hn::Twice<decltype(two)>(), hn::Combine(two, load(12), load(8)), low);
  } else {
    return low;
  }
}
HWY_INLINE hn::Vec<FloatTag> load_blocks(const float* const* rows, int64_t d) {
  return load_quads<float>(rows, d);
}
HWY_INLINE hn::Vec<FloatTag> load_blocks(const Bf16* const* rows, int64_t d) {
  const auto words = hn::PromoteTo(WordTag(), load_quads<uint16_t>(rows, d));
  return hn::BitCast(FloatTag(), hn::ShiftLeft<16>(words));
}

// Dimensions d .. d + 4 * kQuads - 1 of kLanes keys: 4 x 4 transposes inside the 128-bit blocks.
template <int kQuads, class T>
HWY_INLINE void transpose(const T* const* rows, int64_t d, float* out) {
  const FloatTag f;
  const hn::Repartition<double, FloatTag> pairs;
  hn::Vec<FloatTag> x[4][kQuads];
  COHORT_UNROLL for (int c = 0; c < 4; ++c) {
    COHORT_UNROLL for (int k = 0; k < kQuads; ++k) x[c][k] = load_blocks(rows + c, d + 4 * k);
  }
  out += d * kBlockKeys;
  COHORT_UNROLL for (int k = 0; k < kQuads; ++k, out += 4 * kBlockKeys) {
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(f, x[0][k], x[1][k]));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(f, x[0][k], x[1][k]));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(f, x[2][k], x[3][k]));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(f, x[2][k], x[3][k]));
    hn::StoreU(hn::BitCast(f, hn::InterleaveLower(pairs, low01, low23)), f, out);
    hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(pairs, low01, low23)), f, out + kBlockKeys);
    hn::StoreU(hn::BitCast(f, hn::InterleaveLower(pairs, high01, high23)), f, out + 2 * kBlockKeys);
    hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(pairs, high01, high23)), f, out + 3 * kBlockKeys);
  }
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
  for (size_t j = 0; j < kBlockKeys; j += kLanes) {
    for (d = 0; d + 16 <= dim; d += 16) transpose<4>(rows + j, d, out + j);
    for (; d + 4 <= dim; d += 4) transpose<1>(rows + j, d, out + j);
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

// Row i takes steps [from[i], to[i]); both never decrease with i.
template <int kRows>
struct StepRanges {
  int64_t from[kRows], to[kRows];
};

template <int kRows, int kCols, class Out, class Row, class Lanes>
HWY_INLINE void add_rows_block(const Out& out, const Weights& w, int64_t i,
                               const StepRanges<kRows>& steps, const Row& row, int64_t c,
                               Lanes lanes) {
  F16 sum[kRows][kCols];
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
    COHORT_UNROLL for (int k = 0; k < kCols; ++k) sum[r][k] =
        load16(out(i + r) + c + 16 * k, lanes);
  }
  const float* weights = w.data + i * w.row_stride;
  const auto some_rows = [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t step = begin; step < end; ++step) {
      const float* weight = weights + step * w.step_stride;
      const auto* values = row(step) + c;
      COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
        const F16 x = set16(weight[r * w.row_stride]);
        const bool taken = steps.from[r] <= step && step < steps.to[r];
        COHORT_UNROLL for (int k = 0; k < kCols; ++k) {
          sum[r][k] = choose(taken, fma(x, load16(values + 16 * k, lanes), sum[r][k]), sum[r][k]);
        }
      }
    }
  };
  // What some rows take, then what all take, then what the rest take.
  const int64_t begin = std::min(steps.from[kRows - 1], steps.to[kRows - 1]);
  const int64_t end = std::max(begin, steps.to[0]);
  if constexpr (kRows > 1) some_rows(steps.from[0], begin);
  const float* weight = weights + begin * w.step_stride;
  for (int64_t step = begin; step < end; ++step, weight += w.step_stride) {
    const auto* values = row(step) + c;
    F16 v[kCols];
    COHORT_UNROLL for (int k = 0; k < kCols; ++k) v[k] = load16(values + 16 * k, lanes);
    COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
      const F16 x = set16(weight[r * w.row_stride]);
      COHORT_UNROLL for (int k = 0; k < kCols; ++k) sum[r][k] = fma(x, v[k], sum[r][k]);
    }
  }
  if constexpr (kRows > 1) some_rows(end, steps.to[kRows - 1]);
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
    COHORT_UNROLL for (int k = 0; k < kCols; ++k)
        store16(sum[r][k], out(i + r) + c + 16 * k, lanes);
  }
}

// kRows rows from i on, all columns.
template <int kRows, class Out, class Row>
HWY_INLINE void add_rows(const Out& out, const Weights& w, int64_t i,
                         const StepRanges<kRows>& steps, const Row& row, int64_t dim) {
  int64_t c = 0;
  if constexpr (kRows <= 2) {
    for (; c + 64 <= dim; c += 64) {
      add_rows_block<kRows, 4>(out, w, i, steps, row, c, Whole());
    }
  }
  for (; c + 32 <= dim; c += 32) {
    add_rows_block<kRows, 2>(out, w, i, steps, row, c, Whole());
  }
  for (; c + 16 <= dim; c += 16) {
    add_rows_block<kRows, 1>(out, w, i, steps, row, c, Whole());
  }
  if (c < dim) {
    add_rows_block<kRows, 1>(out, w, i, steps, row, c, Part{static_cast<size_t>(dim - c)});
  }
}

// Calls fn(i, std::integral_constant<int, n>) for groups of n rows, as large as the registers
// allow.
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
