#include "kernels/attention/attention_tile.h"

#include <algorithm>
#include <limits>

#include "kernels/math/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention/attention_tile.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/attention/attention_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels {
namespace HWY_NAMESPACE {
namespace {

// Keys whose values stay in the first-level cache while all rows take their share of them.
constexpr int64_t kChunkKeys = 64;

bool key_rows_in_range(const TileShape& s) {
  uint32_t largest = 0;  // a negative row wraps to a large one
  for (int64_t j = 0; j < s.keys(); ++j) {
    largest = std::max(largest, static_cast<uint32_t>(s.key_rows[j]));
  }
  return largest < static_cast<uint64_t>(s.num_key_rows);
}

// The key block, chunk and vector that the tile begins with: no row sees a key before it.
int64_t first_seen(const TileShape& s) { return s.first_key(0) / kChunkKeys * kChunkKeys; }

// Rows of the tile as contiguous floats: [kv][query][group head][dim].
template <class T>
void load_rows(const TileShape& s, const HeadRows<const T>& x, int64_t dim, float* out) {
  for (int64_t kv = s.kv_begin; kv < s.kv_end; ++kv) {
    for (int64_t query = 0; query < s.queries; ++query) {
      for (int64_t head = 0; head < s.group; ++head, out += dim) {
        const T* in = x.at(s.first_query + query, kv * s.group + head);
        for_vectors(dim, [&](size_t i, auto lanes)
                             HWY_ATTR { store16(load16(in + i, lanes), out + i, lanes); });
      }
    }
  }
}

// out[row] = in[row] * factor[row], rounded once.
template <class T>
void store_rows(const TileShape& s, const float* in, const float* factor, int64_t dim,
                const HeadRows<T>& x) {
  for (int64_t kv = s.kv_begin; kv < s.kv_end; ++kv) {
    for (int64_t query = 0; query < s.queries; ++query) {
      for (int64_t head = 0; head < s.group; ++head, in += dim, ++factor) {
        T* out = x.at(s.first_query + query, kv * s.group + head);
        const F16 f = set16(*factor);
        for_vectors(dim, [&](size_t i, auto lanes)
                             HWY_ATTR { store16(mul(load16(in + i, lanes), f), out + i, lanes); });
      }
    }
  }
}

// scores[row][j] = scale * a[row] . keys[j] wherever the row sees key j; what stands behind its
// limit is undefined. The heads of a key block follow each other, so that a row of k is read while
// it is in the cache.
template <class T>
void score_tile(const TileShape& s, const float* a, const HeadRows<const T>& keys, int64_t dim,
                float scale, float* block, float* scores, int64_t stride) {
  const int64_t per_kv = s.rows_per_kv();
  for (int64_t j = first_seen(s); j < s.keys(); j += kBlockKeys) {
    const int64_t count = std::min(kBlockKeys, s.keys() - j);
    const int64_t first = s.first_row(j);
    for (int64_t kv = s.kv_begin; kv < s.kv_end; ++kv) {
      const int64_t row = (kv - s.kv_begin) * per_kv + first;
      gather_transposed(keys.at(0, kv), keys.row_stride, s.key_rows + j, count, dim, block);
      score_rows(a + row * dim, per_kv - first, dim, block, scale, scores + row * stride + j,
                 stride);
    }
  }
}

// For each of kRows rows: row[j] = exp(row[j] - max) for the keys j that it sees, and inverse = 1 /
// sum. Rows side by side hide the latency of each other's chains; vectors outside of a row's own
// range add nothing to it. Loops begin at `begin`, a multiple of 16 at or before every row's first.
template <int kRows, bool kWindow>
void exp_block(float* rows, int64_t stride, int64_t begin, const int64_t* firsts,
               const int64_t* limits, float* inverse) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const int64_t end = limits[kRows - 1];
  const auto inside = [&](const F16& x, int r, int64_t j, float fill) HWY_ATTR {
    if constexpr (!kWindow) return x;
    return drop_first(x, static_cast<size_t>(std::clamp<int64_t>(firsts[r] - j, 0, 16)), fill);
  };
  const auto left = [&](int r, int64_t j) HWY_ATTR {
    return static_cast<size_t>(std::clamp<int64_t>(limits[r] - j, 0, 16));
  };
  F16 largest[kRows], shift[kRows], sum[kRows];
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) largest[r] = set16(kLowest);
  for (int64_t j = begin; j < end; j += 16) {
    COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
      const F16 x = inside(load16(rows + r * stride + j, Whole()), r, j, kLowest);
      largest[r] = max(largest[r], keep_first(x, left(r, j), kLowest));
    }
  }
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
    shift[r] = set16(max_lanes(largest[r]));
    sum[r] = zero16();
  }
  for (int64_t j = begin; j < end; j += 16) {
    COHORT_UNROLL for (int r = 0; r < kRows; ++r) {
      float* x = rows + r * stride + j;
      const F16 seen = keep_first(exp16(sub(load16(x, Whole()), shift[r])), left(r, j), 0.0f);
      const F16 e = inside(seen, r, j, 0.0f);
      sum[r] = add(sum[r], e);
      store16(e, x, Whole());
    }
  }
  COHORT_UNROLL for (int r = 0; r < kRows; ++r) inverse[r] = 1.0f / sum_lanes(sum[r]);
}

// All rows of the tile: scores become exp(score - max), inverse their 1 / sum.
template <bool kWindow>
void exp_rows(const TileShape& s, float* scores, int64_t stride, float* inverse) {
  constexpr int kGroup = 4;
  for (int64_t kv = s.kv_begin; kv < s.kv_end; ++kv) {
    int64_t row = 0;
    const auto run = [&](auto count) HWY_ATTR {
      constexpr int kRows = decltype(count)::value;
      for (; row + kRows <= s.rows_per_kv(); row += kRows) {
        int64_t firsts[kRows], limits[kRows];
        for (int r = 0; r < kRows; ++r) {
          firsts[r] = s.first_key(row + r);
          limits[r] = s.limit(row + r);
        }
        exp_block<kRows, kWindow>(scores, stride, kWindow ? firsts[0] / 16 * 16 : 0, firsts, limits,
                                  inverse);
        scores += kRows * stride;
        inverse += kRows;
      }
    };
    run(std::integral_constant<int, kGroup>());
    run(std::integral_constant<int, 1>());
  }
}

// out[row] += sum over the keys j that the row sees, in order, of weight[row][j] values[j].
template <class T>
void add_values(const TileShape& s, const float* weight, int64_t stride,
                const HeadRows<const T>& values, int64_t dim, float* out) {
  const int64_t per_kv = s.rows_per_kv();
  for (int64_t begin = first_seen(s); begin < s.keys(); begin += kChunkKeys) {
    const int64_t end = std::min(begin + kChunkKeys, s.keys());
    const int64_t first = s.first_row(begin);
    for (int64_t kv = s.kv_begin; kv < s.kv_end; ++kv) {
      const T* base = values.at(0, kv);
      const auto value = [&](int64_t j)
                             HWY_ATTR { return base + s.key_rows[j] * values.row_stride; };
      float* rows = out + (kv - s.kv_begin) * per_kv * dim;
      const auto out_row = [&](int64_t row) HWY_ATTR { return rows + row * dim; };
      const Weights w = {weight + (kv - s.kv_begin) * per_kv * stride, stride, 1};
      for_row_groups(first, per_kv, [&](int64_t i, auto count) HWY_ATTR {
        constexpr int kRows = decltype(count)::value;
        StepRanges<kRows> keys;
        for (int r = 0; r < kRows; ++r) {
          keys.from[r] = std::max(begin, s.first_key(i + r));
          keys.to[r] = std::min(end, s.limit(i + r));
        }
        add_rows(out_row, w, i, keys, value, dim);
      });
    }
  }
}

// sums(key j) += sum over the rows that see j, in order, of weight[row][j] x[row].
template <class T>
void add_to_keys(const TileShape& s, const float* weight, int64_t stride, const float* x,
                 int64_t dim, const HeadRows<T>& sums) {
  const int64_t per_kv = s.rows_per_kv();
  for (int64_t kv = s.kv_begin; kv < s.kv_end; ++kv) {
    const float* rows = x + (kv - s.kv_begin) * per_kv * dim;
    const auto row = [&](int64_t r) HWY_ATTR { return rows + r * dim; };
    const auto sum_of = [&](int64_t j) HWY_ATTR { return sums.at(s.key_rows[j], kv); };
    const Weights w = {weight + (kv - s.kv_begin) * per_kv * stride, 1, stride};
    for_row_groups(first_seen(s), s.keys(), [&](int64_t j, auto count) HWY_ATTR {
      constexpr int kKeys = decltype(count)::value;
      StepRanges<kKeys> rows_that_see;
      for (int r = 0; r < kKeys; ++r) {
        rows_that_see.from[r] = s.first_row(j + r);
        rows_that_see.to[r] = s.last_row(j + r);
      }
      add_rows(sum_of, w, j, rows_that_see, row, dim);
    });
  }
}

template <class T>
bool forward(const ForwardTile<T>& t, TileScratch& scratch) {
  const TileShape& s = t.shape;
  if (!key_rows_in_range(s)) return false;
  const int64_t rows = s.rows(), stride = score_row_size(s.keys());
  float* block =
      scratch.get(kBlockKeys * s.key_dim + rows * (s.key_dim + s.value_dim + stride + 1));
  float* q = block + kBlockKeys * s.key_dim;
  float* scores = q + rows * s.key_dim;
  float* out = scores + rows * stride;
  float* inverse = out + rows * s.value_dim;
  load_rows(s, t.q, s.key_dim, q);
  score_tile(s, q, t.k, s.key_dim, s.scale, block, scores, stride);
  s.window == 0 ? exp_rows<false>(s, scores, stride, inverse)
                : exp_rows<true>(s, scores, stride, inverse);
  std::fill_n(out, rows * s.value_dim, 0.0f);
  add_values(s, scores, stride, t.v, s.value_dim, out);
  store_rows(s, out, inverse, s.value_dim, t.out);
  return true;
}

// p[j] = p[j] * inverse;  ds[j] = p[j] (ds[j] - sum_i p[i] ds[i]) scale, for the keys j that a row
// sees. Between a whole vector's begin and a row's first key p is 0.
void score_grads(const TileShape& s, float* p, float* ds, int64_t stride, const float* inverse) {
  const F16 scale = set16(s.scale);
  for (int64_t kv = s.kv_begin; kv < s.kv_end; ++kv) {
    for (int64_t row = 0; row < s.rows_per_kv(); ++row, p += stride, ds += stride, ++inverse) {
      const int64_t begin = s.first_key(row) / 16 * 16, n = s.limit(row) - begin;
      float* weights = p + begin;
      float* grads = ds + begin;
      const F16 factor = set16(*inverse);
      F16 sum = zero16();
      for_vectors(n, [&](size_t i, auto lanes) HWY_ATTR {
        const F16 weight = mul(load16(weights + i, Whole()), factor);
        store16(weight, weights + i, Whole());
        sum = fma(weight, keep(load16(grads + i, Whole()), lanes, 0.0f), sum);
      });
      const F16 mean = set16(sum_lanes(sum));
      for_vectors(n, [&](size_t i, auto) HWY_ATTR {
        const F16 d = sub(load16(grads + i, Whole()), mean);
        store16(mul(mul(load16(weights + i, Whole()), d), scale), grads + i, Whole());
      });
    }
  }
}

// With p = softmax(s) and dp_j = d_out . v_j:  ds_j = p_j (dp_j - sum_i p_i dp_i) scale,
//   dq = sum_j ds_j k_j,  dk_j += ds_j q,  dv_j += p_j d_out.
template <class T>
bool backward(const BackwardTile<T>& t, TileScratch& scratch) {
  const TileShape& s = t.shape;
  if (!key_rows_in_range(s)) return false;
  const int64_t rows = s.rows(), stride = score_row_size(s.keys());
  const int64_t block_size = kBlockKeys * std::max(s.key_dim, s.value_dim);
  float* block = scratch.get(block_size + rows * (2 * s.key_dim + s.value_dim + 2 * stride + 1));
  float* q = block + block_size;
  float* p = q + rows * s.key_dim;
  float* ds = p + rows * stride;
  float* d_out = ds + rows * stride;
  float* dq = d_out + rows * s.value_dim;
  float* inverse = dq + rows * s.key_dim;
  load_rows(s, t.q, s.key_dim, q);
  load_rows(s, t.d_out, s.value_dim, d_out);
  score_tile(s, q, t.k, s.key_dim, s.scale, block, p, stride);
  score_tile(s, d_out, t.v, s.value_dim, 1.0f, block, ds, stride);
  s.window == 0 ? exp_rows<false>(s, p, stride, inverse) : exp_rows<true>(s, p, stride, inverse);
  score_grads(s, p, ds, stride, inverse);
  std::fill_n(dq, rows * s.key_dim, 0.0f);
  add_values(s, ds, stride, t.k, s.key_dim, dq);
  std::fill_n(inverse, rows, 1.0f);
  store_rows(s, dq, inverse, s.key_dim, t.dq);
  add_to_keys(s, ds, stride, q, s.key_dim, t.dk);
  add_to_keys(s, p, stride, d_out, s.value_dim, t.dv);
  return true;
}

bool forward_float(const ForwardTile<float>& t, TileScratch& scratch) {
  return forward(t, scratch);
}
bool forward_bf16(const ForwardTile<Bf16>& t, TileScratch& scratch) { return forward(t, scratch); }
bool backward_float(const BackwardTile<float>& t, TileScratch& scratch) {
  return backward(t, scratch);
}
bool backward_bf16(const BackwardTile<Bf16>& t, TileScratch& scratch) {
  return backward(t, scratch);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cohort::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cohort::kernels {

// 16 more than whole blocks: rows a power of two apart would share the sets of the cache.
int64_t score_row_size(int64_t keys) { return (keys + 31) / 32 * 32 + 16; }

HWY_EXPORT(forward_float);
HWY_EXPORT(forward_bf16);
HWY_EXPORT(backward_float);
HWY_EXPORT(backward_bf16);

template <>
bool attention_forward_tile<float>(const ForwardTile<float>& tile, TileScratch& scratch) {
  return HWY_DYNAMIC_DISPATCH(forward_float)(tile, scratch);
}
template <>
bool attention_forward_tile<Bf16>(const ForwardTile<Bf16>& tile, TileScratch& scratch) {
  return HWY_DYNAMIC_DISPATCH(forward_bf16)(tile, scratch);
}
template <>
bool attention_backward_tile<float>(const BackwardTile<float>& tile, TileScratch& scratch) {
  return HWY_DYNAMIC_DISPATCH(backward_float)(tile, scratch);
}
template <>
bool attention_backward_tile<Bf16>(const BackwardTile<Bf16>& tile, TileScratch& scratch) {
  return HWY_DYNAMIC_DISPATCH(backward_bf16)(tile, scratch);
}

}  // namespace cohort::kernels
#endif  // HWY_ONCE
