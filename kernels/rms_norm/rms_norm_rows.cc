#include "kernels/rms_norm/rms_norm_rows.h"

#include <cmath>

#include "kernels/math/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rms_norm/rms_norm_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels {
namespace HWY_NAMESPACE {
namespace {

// 1 / sqrt(mean(x^2) + eps). Element d is summed by lane d % 16 of accumulator (d / 16) % 4.
template <class T>
float inverse_rms(const T* x, int64_t dim, float eps) {
  F16 sum[4] = {zero16(), zero16(), zero16(), zero16()};
  int64_t d = 0;
  for (; d + 64 <= dim; d += 64) {
    for (int k = 0; k < 4; ++k) {
      const F16 value = load16(x + d + 16 * k, Whole());
      sum[k] = fma(value, value, sum[k]);
    }
  }
  for (int k = 0; d < dim; d += 16, ++k) {
    const F16 value =
        dim - d >= 16 ? load16(x + d, Whole()) : load16(x + d, Part{static_cast<size_t>(dim - d)});
    sum[k] = fma(value, value, sum[k]);
  }
  const float total = sum_lanes(add(add(sum[0], sum[1]), add(sum[2], sum[3])));
  return 1.0f / std::sqrt(total / static_cast<float>(dim) + eps);
}

// The factor on a normed row: w, or 1 + w.
template <class T, class Lanes>
HWY_INLINE F16 load_factor(const RmsNormRows& s, const T* w, Lanes lanes) {
  const F16 factor = load16(w, lanes);
  return s.unit_offset ? add(factor, set16(1.0f)) : factor;
}
// The normed value as its factor meets it.
template <class T>
HWY_INLINE F16 normed_value(const RmsNormRows& s, const F16& x, const F16& scale, const T* type) {
  const F16 normed = mul(x, scale);
  return s.unit_offset ? normed : round_to(normed, type);
}

template <class T>
void norm_row(const RmsNormRows& s, const T* x, const T* w, T* y) {
  const F16 scale = set16(inverse_rms(x, s.dim, s.eps));
  for_vectors(s.dim, [&](size_t i, auto lanes) HWY_ATTR {
    const F16 normed = normed_value(s, load16(x + i, lanes), scale, x);
    store16(mul(load_factor(s, w + i, lanes), normed), y + i, lanes);
  });
}

template <class T>
void forward(const RmsNormRows& s, const T* x, const T* w, T* y) {
  for (int64_t r = 0; r < s.rows; ++r) norm_row(s, x + r * s.x_stride, w, y + r * s.dim);
}

template <class T>
void add_forward(const RmsNormRows& s, const T* x, const T* delta, const T* w, T* residual, T* y) {
  for (int64_t r = 0; r < s.rows; ++r) {
    const T* a = x + r * s.x_stride;
    const T* b = delta + r * s.dim;
    T* sum = residual + r * s.dim;
    for_vectors(s.dim, [&](size_t i, auto lanes) HWY_ATTR {
      store16(add(load16(a + i, lanes), load16(b + i, lanes)), sum + i, lanes);
    });
    norm_row(s, sum, w, y + r * s.dim);
  }
}

// With n = x * scale and g = dy * factor: dx = scale (g - n mean(g n)).
template <class T>
void backward(const RmsNormRows& s, const T* x_rows, const T* w, const T* dy_rows,
              const T* d_residual, T* dx_rows, float* scales) {
  for (int64_t r = 0; r < s.rows; ++r) {
    const T* x = x_rows + r * s.x_stride;
    const T* dy = dy_rows + r * s.dim;
    T* dx = dx_rows + r * s.dim;
    scales[r] = inverse_rms(x, s.dim, s.eps);
    const F16 scale = set16(scales[r]);
    F16 sum = zero16();
    for_vectors(s.dim, [&](size_t i, auto lanes) HWY_ATTR {
      const F16 g = mul(load16(dy + i, lanes), load_factor(s, w + i, lanes));
      sum = fma(g, mul(load16(x + i, lanes), scale), sum);
    });
    const F16 mean = set16(sum_lanes(sum) / static_cast<float>(s.dim));
    for_vectors(s.dim, [&](size_t i, auto lanes) HWY_ATTR {
      const F16 g = mul(load16(dy + i, lanes), load_factor(s, w + i, lanes));
      const F16 n = mul(load16(x + i, lanes), scale);
      F16 d = mul(scale, sub(g, mul(n, mean)));
      if (d_residual != nullptr) d = add(d, load16(d_residual + r * s.dim + i, lanes));
      store16(d, dx + i, lanes);
    });
  }
}

// Adds rows' dy * n to `count` vectors of columns from c on.
template <int count, class T, class Lanes>
void weight_grad_columns(const RmsNormRows& s, const T* x, const T* dy, const float* scale,
                         Lanes lanes, float* dw) {
  F16 sum[count];
  for (int k = 0; k < count; ++k) sum[k] = load16(dw + 16 * k, lanes);
  for (int64_t r = 0; r < s.rows; ++r) {
    const F16 row_scale = set16(scale[r]);
    for (int k = 0; k < count; ++k) {
      const F16 n = normed_value(s, load16(x + r * s.x_stride + 16 * k, lanes), row_scale, x);
      sum[k] = fma(load16(dy + r * s.dim + 16 * k, lanes), n, sum[k]);
    }
  }
  for (int k = 0; k < count; ++k) store16(sum[k], dw + 16 * k, lanes);
}

template <class T>
void weight_grad(const RmsNormRows& s, const T* x, const T* dy, const float* scale, int64_t begin,
                 int64_t end, float* dw) {
  int64_t c = begin;
  for (; c + 64 <= end; c += 64) {
    weight_grad_columns<4>(s, x + c, dy + c, scale, Whole(), dw + c);
  }
  for_vectors(end - c, [&](size_t i, auto lanes) HWY_ATTR {
    const int64_t at = c + static_cast<int64_t>(i);
    weight_grad_columns<1>(s, x + at, dy + at, scale, lanes, dw + at);
  });
}

#define COHORT_FOR_TYPE(T, suffix)                                                             \
  void forward_##suffix(const RmsNormRows& s, const T* x, const T* w, T* y) {                  \
    forward(s, x, w, y);                                                                       \
  }                                                                                            \
  void add_forward_##suffix(const RmsNormRows& s, const T* x, const T* delta, const T* w,      \
                            T* residual, T* y) {                                               \
    add_forward(s, x, delta, w, residual, y);                                                  \
  }                                                                                            \
  void backward_##suffix(const RmsNormRows& s, const T* x, const T* w, const T* dy,            \
                         const T* d_residual, T* dx, float* scale) {                           \
    backward(s, x, w, dy, d_residual, dx, scale);                                              \
  }                                                                                            \
  void weight_grad_##suffix(const RmsNormRows& s, const T* x, const T* dy, const float* scale, \
                            int64_t begin, int64_t end, float* dw) {                           \
    weight_grad(s, x, dy, scale, begin, end, dw);                                              \
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

#define COHORT_FOR_TYPE(T, suffix)                                                                \
  HWY_EXPORT(forward_##suffix);                                                                   \
  HWY_EXPORT(add_forward_##suffix);                                                               \
  HWY_EXPORT(backward_##suffix);                                                                  \
  HWY_EXPORT(weight_grad_##suffix);                                                               \
  template <>                                                                                     \
  void rms_norm_rows<T>(const RmsNormRows& s, const T* x, const T* w, T* y) {                     \
    HWY_DYNAMIC_DISPATCH(forward_##suffix)(s, x, w, y);                                           \
  }                                                                                               \
  template <>                                                                                     \
  void add_rms_norm_rows<T>(const RmsNormRows& s, const T* x, const T* delta, const T* w,         \
                            T* residual, T* y) {                                                  \
    HWY_DYNAMIC_DISPATCH(add_forward_##suffix)(s, x, delta, w, residual, y);                      \
  }                                                                                               \
  template <>                                                                                     \
  void rms_norm_rows_backward<T>(const RmsNormRows& s, const T* x, const T* w, const T* dy,       \
                                 const T* d_residual, T* dx, float* scale) {                      \
    HWY_DYNAMIC_DISPATCH(backward_##suffix)(s, x, w, dy, d_residual, dx, scale);                  \
  }                                                                                               \
  template <>                                                                                     \
  void rms_norm_weight_grad<T>(const RmsNormRows& s, const T* x, const T* dy, const float* scale, \
                               int64_t begin, int64_t end, float* dw) {                           \
    HWY_DYNAMIC_DISPATCH(weight_grad_##suffix)(s, x, dy, scale, begin, end, dw);                  \
  }
COHORT_FOR_TYPE(float, float)
COHORT_FOR_TYPE(Bf16, bf16)
#undef COHORT_FOR_TYPE

}  // namespace cohort::kernels
#endif  // HWY_ONCE
