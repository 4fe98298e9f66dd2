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

template <class T>
void forward(const T* gate_up, T* y, int64_t rows, int64_t inner) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* gate = gate_up + row * 2 * inner;
    const T* up = gate + inner;
    T* out = y + row * inner;
    for_vectors(inner, [&](size_t i, auto lanes) HWY_ATTR {
      const F16 g = load16(gate + i, lanes);
      const F16 silu = mul(g, sigmoid16(g));
      store16(mul(silu, load16(up + i, lanes)), out + i, lanes);
    });
  }
}

// With s = sigmoid(g): d silu / dg = s (1 + g (1 - s)).
template <class T>
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
      const F16 s = sigmoid16(g);
      const F16 slope = mul(s, fma(g, sub(one, s), one));
      store16(mul(d, mul(g, s)), d_up + i, lanes);
      store16(mul(mul(d, load16(up + i, lanes)), slope), d_gate + i, lanes);
    });
  }
}

void forward_float(const float* gate_up, float* y, int64_t rows, int64_t inner) {
  forward(gate_up, y, rows, inner);
}
void forward_bf16(const Bf16* gate_up, Bf16* y, int64_t rows, int64_t inner) {
  forward(gate_up, y, rows, inner);
}
void backward_float(const float* gate_up, const float* dy, float* d_gate_up, int64_t rows,
                    int64_t inner) {
  backward(gate_up, dy, d_gate_up, rows, inner);
}
void backward_bf16(const Bf16* gate_up, const Bf16* dy, Bf16* d_gate_up, int64_t rows,
                   int64_t inner) {
  backward(gate_up, dy, d_gate_up, rows, inner);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cohort::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cohort::kernels {

HWY_EXPORT(forward_float);
HWY_EXPORT(forward_bf16);
HWY_EXPORT(backward_float);
HWY_EXPORT(backward_bf16);

void swiglu_rows(const float* gate_up, float* y, int64_t rows, int64_t inner) {
  HWY_DYNAMIC_DISPATCH(forward_float)(gate_up, y, rows, inner);
}
void swiglu_rows(const Bf16* gate_up, Bf16* y, int64_t rows, int64_t inner) {
  HWY_DYNAMIC_DISPATCH(forward_bf16)(gate_up, y, rows, inner);
}
void swiglu_rows_backward(const float* gate_up, const float* dy, float* d_gate_up, int64_t rows,
                          int64_t inner) {
  HWY_DYNAMIC_DISPATCH(backward_float)(gate_up, dy, d_gate_up, rows, inner);
}
void swiglu_rows_backward(const Bf16* gate_up, const Bf16* dy, Bf16* d_gate_up, int64_t rows,
                          int64_t inner) {
  HWY_DYNAMIC_DISPATCH(backward_bf16)(gate_up, dy, d_gate_up, rows, inner);
}

}  // namespace cohort::kernels
#endif  // HWY_ONCE
