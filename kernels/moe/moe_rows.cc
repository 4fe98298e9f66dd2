#include "kernels/moe/moe_rows.h"

#include "kernels/math/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/moe/moe_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels {
namespace HWY_NAMESPACE {
namespace {

template <class T>
void combine(const T* rows, const int32_t* picks, const float* weights, int64_t count,
             int64_t width, T* y) {
  for_vectors(width, [&](size_t i, auto lanes) HWY_ATTR {
    F16 sum = zero16();
    for (int64_t j = 0; j < count; ++j) {
      const F16 value = load16(rows + picks[j] * width + i, lanes);
      sum = weights != nullptr ? fma(set16(weights[j]), value, sum) : add(sum, value);
    }
    store16(sum, y + i, lanes);
  });
}

template <class T>
float weigh(float weight, const float* d_act, T* act, T* d_weighted, int64_t width) {
  const F16 w = set16(weight);
  F16 dot = zero16();
  for_vectors(width, [&](size_t i, auto lanes) HWY_ATTR {
    const F16 a = load16(act + i, lanes), d = load16(d_act + i, lanes);
    dot = fma(a, d, dot);
    store16(mul(w, a), act + i, lanes);
    store16(mul(w, d), d_weighted + i, lanes);
  });
  return sum_lanes(dot);
}

void combine_float(const float* rows, const int32_t* picks, const float* weights, int64_t count,
                   int64_t width, float* y) {
  combine(rows, picks, weights, count, width, y);
}
void combine_bf16(const Bf16* rows, const int32_t* picks, const float* weights, int64_t count,
                  int64_t width, Bf16* y) {
  combine(rows, picks, weights, count, width, y);
}
float weigh_float(float weight, const float* d_act, float* act, float* d_weighted, int64_t width) {
  return weigh(weight, d_act, act, d_weighted, width);
}
float weigh_bf16(float weight, const float* d_act, Bf16* act, Bf16* d_weighted, int64_t width) {
  return weigh(weight, d_act, act, d_weighted, width);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cohort::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cohort::kernels {

HWY_EXPORT(combine_float);
HWY_EXPORT(combine_bf16);
HWY_EXPORT(weigh_float);
HWY_EXPORT(weigh_bf16);

void combine_rows(const float* rows, const int32_t* picks, const float* weights, int64_t count,
                  int64_t width, float* y) {
  HWY_DYNAMIC_DISPATCH(combine_float)(rows, picks, weights, count, width, y);
}
void combine_rows(const Bf16* rows, const int32_t* picks, const float* weights, int64_t count,
                  int64_t width, Bf16* y) {
  HWY_DYNAMIC_DISPATCH(combine_bf16)(rows, picks, weights, count, width, y);
}
float weigh_expert_row(float weight, const float* d_act, float* act, float* d_weighted,
                       int64_t width) {
  return HWY_DYNAMIC_DISPATCH(weigh_float)(weight, d_act, act, d_weighted, width);
}
float weigh_expert_row(float weight, const float* d_act, Bf16* act, Bf16* d_weighted,
                       int64_t width) {
  return HWY_DYNAMIC_DISPATCH(weigh_bf16)(weight, d_act, act, d_weighted, width);
}

}  // namespace cohort::kernels
#endif  // HWY_ONCE
