#include "kernels/swiglu/swiglu_rows.h"

#include "kernels/math/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/swiglu/swiglu_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels {
namespace HWY_NAMESPACE {
namespace {

// act(g) = g sigmoid(z(g)), slope the derivative of z.
struct Silu {
  static HWY_INLINE F16 z(F16 g) { return g; }
  static HWY_INLINE F16 slope(F16) { return set16(1.0f); }
};
struct GeluTanh {
  static constexpr float kTwice = 1.5957691216057308f;  // 2 sqrt(2/pi)
  static constexpr float kCubic = 0.044715f;
  static HWY_INLINE F16 z(F16 g) {
    return mul(mul(set16(kTwice), g), fma(mul(set16(kCubic), g), g, set16(1.0f)));
  }
  static HWY_INLINE F16 slope(F16 g) {
    return mul(set16(kTwice), fma(mul(set16(3 * kCubic), g), g, set16(1.0f)));
  }
};

template <class Act, class T>
void forward(const T* gate_up, T* y, int64_t rows, int64_t inner) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* gate = gate_up + row * 2 * inner;
    const T* up = gate + inner;
    T* out = y + row * inner;
    for_vectors(inner, [&](size_t i, auto lanes) HWY_ATTR {
      const F16 g = load16(gate + i, lanes);
      const F16 activated = mul(g, sigmoid16(Act::z(g)));
      store16(mul(activated, load16(up + i, lanes)), out + i, lanes);
    });
  }
}

// With s = sigmoid(z): d act / dg = s (1 + g z' (1 - s)).
template <class Act, class T>
void backward(const T* gate_up, const T* dy, T* d_gate_up, int64_t rows, int64_t inner) {
  const F16 one = set16(1.0f);
  for (int64_t row = 0; row < rows; ++row) {
    const T* gate = gate_up + row * 2 * inner;
    const T* up = gate + inner;
    const T* d_out = dy + row * inner;
    T* d_gate = d_gate_up + row * 2 * inner;
    T* d_up = d_gate + inner;
    for_vectors(inner, [&](size_t i, auto lanes) HWY_ATTR {
      const F16 g = load16(gate + i, lanes);
      const F16 d = load16(d_out + i, lanes);
      const F16 s = sigmoid16(Act::z(g));
      const F16 slope = mul(s, fma(mul(g, Act::slope(g)), sub(one, s), one));
      store16(mul(d, mul(g, s)), d_up + i, lanes);
      store16(mul(mul(d, load16(up + i, lanes)), slope), d_gate + i, lanes);
    });
  }
}

#define COHORT_FOR_TYPE(T, suffix)                                                                 \
  void forward_##suffix(const T* gate_up, T* y, int64_t rows, int64_t inner, GateActivation act) { \
    act == GateActivation::silu ? forward<Silu>(gate_up, y, rows, inner)                           \
                                : forward<GeluTanh>(gate_up, y, rows, inner);                      \
  }                                                                                                \
  void backward_##suffix(const T* gate_up, const T* dy, T* d_gate_up, int64_t rows, int64_t inner, \
                         GateActivation act) {                                                     \
    act == GateActivation::silu ? backward<Silu>(gate_up, dy, d_gate_up, rows, inner)              \
                                : backward<GeluTanh>(gate_up, dy, d_gate_up, rows, inner);         \
  }
COHORT_FOR_TYPE(float, float)
COHORT_FOR_TYPE(Bf16, bf16)
#undef COHORT_FOR_TYPE

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cohort::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cohort::kernels {

#define COHORT_FOR_TYPE(T, suffix)                                                            \
  HWY_EXPORT(forward_##suffix);                                                               \
  HWY_EXPORT(backward_##suffix);                                                              \
  void swiglu_rows(const T* gate_up, T* y, int64_t rows, int64_t inner, GateActivation act) { \
    HWY_DYNAMIC_DISPATCH(forward_##suffix)(gate_up, y, rows, inner, act);                     \
  }                                                                                           \
  void swiglu_rows_backward(const T* gate_up, const T* dy, T* d_gate_up, int64_t rows,        \
                            int64_t inner, GateActivation act) {                              \
    HWY_DYNAMIC_DISPATCH(backward_##suffix)(gate_up, dy, d_gate_up, rows, inner, act);        \
  }
COHORT_FOR_TYPE(float, float)
COHORT_FOR_TYPE(Bf16, bf16)
#undef COHORT_FOR_TYPE

}  // namespace cohort::kernels
#endif  // HWY_ONCE
