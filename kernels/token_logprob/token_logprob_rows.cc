#include "kernels/token_logprob/token_logprob_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/math/scalar.h"
#include "kernels/math/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/token_logprob/token_logprob_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels {
namespace HWY_NAMESPACE {
namespace {

// Column v is summed by lane v % 16 of accumulator (v / 16) % 4; see for_rounds.
constexpr int kChains = 4;

// Calls fn(chain, offset, lanes) over n columns, the chains in turn.
template <class Fn>
HWY_INLINE void for_rounds(int64_t n, const Fn& fn) {
  int64_t i = 0;
  for (; i + 16 * kChains <= n; i += 16 * kChains) {
    _Pragma("GCC unroll 4") for (int k = 0; k < kChains; ++k) fn(k, i + 16 * k, Whole());
  }
  int k = 0;
  for (; i + 16 <= n; i += 16) fn(k++, i, Whole());
  if (i < n) fn(k, i, Part{static_cast<size_t>(n - i)});
}

HWY_INLINE F16 fold(const F16* chains) {
  return add(add(chains[0], chains[1]), add(chains[2], chains[3]));
}

SoftmaxRow forward(const float* row, int64_t num_valid, float inv_temperature) {
  const F16 scale = set16(inv_temperature);
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  F16 largest[kChains], sum[kChains], weighted[kChains];
  for (int k = 0; k < kChains; ++k) {
    largest[k] = set16(kLowest);
    sum[k] = weighted[k] = zero16();
  }
  for_rounds(num_valid, [&](int k, int64_t i, auto lanes) HWY_ATTR {
    largest[k] = max(largest[k], keep(mul(load16(row + i, lanes), scale), lanes, kLowest));
  });
  SoftmaxRow result;
  result.max = max_lanes(max(max(largest[0], largest[1]), max(largest[2], largest[3])));
  // sum exp(z - max) and sum exp(z - max) (z - max)
  const F16 shift = set16(result.max);
  for_rounds(num_valid, [&](int k, int64_t i, auto lanes) HWY_ATTR {
    const F16 z = sub(mul(load16(row + i, lanes), scale), shift);
    const F16 e = keep(exp16(z), lanes, 0.0f);
    sum[k] = add(sum[k], e);
    weighted[k] = fma(e, z, weighted[k]);
  });
  const float total = sum_lanes(fold(sum));
  const float log_total = std::log(total);
  result.lse = result.max + log_total;
  result.entropy = log_total - sum_lanes(fold(weighted)) / total;
  return result;
}

// d z_v = d_lp (1[v = target] - p_v) - d_H p_v (log p_v + H), times 1 / temperature.
template <class T>
void backward(const float* row, const LogprobRowGrad& g, T* d_row) {
  const F16 scale = set16(g.inv_temperature), lse = set16(g.lse), entropy = set16(g.entropy);
  const F16 d_logprob = set16(g.d_logprob), d_entropy = set16(g.d_entropy);
  const F16 minus_scale = set16(-g.inv_temperature);
  for_vectors(g.num_valid, [&](size_t i, auto lanes) HWY_ATTR {
    const F16 log_p = sub(mul(load16(row + i, lanes), scale), lse);
    const F16 slope = fma(d_entropy, add(log_p, entropy), d_logprob);
    store16(mul(mul(exp16(log_p), slope), minus_scale), d_row + i, lanes);
  });
  std::fill(d_row + g.num_valid, d_row + g.num_columns, T{});
  if (g.target < 0 || g.target >= g.num_columns) return;
  const float log_p = row[g.target] * g.inv_temperature - g.lse;
  const float p = std::exp(log_p);
  const float slope = g.d_logprob - p * (g.d_logprob + g.d_entropy * (log_p + g.entropy));
  d_row[g.target] = from_float<T>(slope * g.inv_temperature);
}

void backward_float(const float* row, const LogprobRowGrad& g, float* d_row) {
  backward(row, g, d_row);
}
void backward_bf16(const float* row, const LogprobRowGrad& g, Bf16* d_row) {
  backward(row, g, d_row);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cohort::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cohort::kernels {

HWY_EXPORT(forward);
HWY_EXPORT(backward_float);
HWY_EXPORT(backward_bf16);

SoftmaxRow softmax_row(const float* row, int64_t num_valid, float inv_temperature) {
  return HWY_DYNAMIC_DISPATCH(forward)(row, num_valid, inv_temperature);
}
template <>
void logprob_row_backward<float>(const float* row, const LogprobRowGrad& g, float* d_row) {
  HWY_DYNAMIC_DISPATCH(backward_float)(row, g, d_row);
}
template <>
void logprob_row_backward<Bf16>(const float* row, const LogprobRowGrad& g, Bf16* d_row) {
  HWY_DYNAMIC_DISPATCH(backward_bf16)(row, g, d_row);
}

}  // namespace cohort::kernels
#endif  // HWY_ONCE
