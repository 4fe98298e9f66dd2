#include "kernels/router/router_rows.h"

#include <algorithm>
#include <limits>

#include "kernels/math/scalar.h"
#include "kernels/math/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/router/router_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels {
namespace HWY_NAMESPACE {
namespace {

// Logits of kRows rows and 16 experts: independent chains that hide the latency of the
// multiply-add.
template <int kRows, class T>
void score_tile(const T* x, const float* packed, int64_t experts, int64_t dim, size_t first_expert,
                bool softmax, float* scores) {
  F16 sum[kRows];
  for (int r = 0; r < kRows; ++r) sum[r] = zero16();
  for (int64_t d = 0; d < dim; ++d) {
    const F16 w = load16(packed + d * 16, Whole());
    for (int r = 0; r < kRows; ++r) sum[r] = fma(set16(to_float(x[r * dim + d])), w, sum[r]);
  }
  const size_t left = static_cast<size_t>(experts) - first_expert;
  for (int r = 0; r < kRows; ++r) {
    float* out = scores + r * experts + first_expert;
    const F16 score = softmax ? sum[r] : sigmoid16(sum[r]);
    if (left >= 16) {
      store16(score, out, Whole());
    } else {
      store16(score, out, Part{left});
    }
  }
}

// A row of logits becomes its softmax.
void softmax_row(int64_t experts, float* row) {
  F16 largest = set16(-std::numeric_limits<float>::infinity());
  for_vectors(experts, [&](size_t i, auto lanes) HWY_ATTR {
    largest =
        max(largest, keep(load16(row + i, lanes), lanes, -std::numeric_limits<float>::infinity()));
  });
  const F16 shift = set16(max_lanes(largest));
  F16 sum = zero16();
  for_vectors(experts, [&](size_t i, auto lanes) HWY_ATTR {
    const F16 e = keep(exp16(sub(load16(row + i, lanes), shift)), lanes, 0.0f);
    sum = add(sum, e);
    store16(e, row + i, lanes);
  });
  const F16 total = set16(sum_lanes(sum));
  for_vectors(experts, [&](size_t i, auto lanes) HWY_ATTR {
    store16(div(load16(row + i, lanes), total), row + i, lanes);
  });
}

template <class T>
void scores_of(const T* x, const float* packed, int64_t rows, int64_t experts, int64_t dim,
               bool softmax, float* scores) {
  for (int64_t e = 0; e < experts; e += 16) {
    const float* w = packed + e * dim;
    int64_t r = 0;
    for (; r + 8 <= rows; r += 8) {
      score_tile<8>(x + r * dim, w, experts, dim, e, softmax, scores + r * experts);
    }
    for (; r < rows; ++r)
      score_tile<1>(x + r * dim, w, experts, dim, e, softmax, scores + r * experts);
  }
  for (int64_t r = 0; softmax && r < rows; ++r) softmax_row(experts, scores + r * experts);
}

template <class T>
void input_grad(const float* d_logits, const T* w, int64_t rows, int64_t experts, int64_t dim,
                T* dx) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* d = d_logits + r * experts;
    for_vectors(dim, [&](size_t i, auto lanes) HWY_ATTR {
      F16 sum = zero16();
      for (int64_t e = 0; e < experts; ++e) {
        if (d[e] != 0) sum = fma(set16(d[e]), load16(w + e * dim + i, lanes), sum);
      }
      store16(sum, dx + r * dim + i, lanes);
    });
  }
}

template <class T>
void weight_grad(const float* d_logits, const T* x, int64_t rows, int64_t experts, int64_t dim,
                 int64_t begin, int64_t end, float* dw) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t e = 0; e < experts; ++e) {
      const float d = d_logits[r * experts + e];
      if (d == 0) continue;
      const F16 scale = set16(d);
      const T* in = x + r * dim + begin;
      float* out = dw + e * dim + begin;
      for_vectors(end - begin, [&](size_t i, auto lanes) HWY_ATTR {
        store16(fma(scale, load16(in + i, lanes), load16(out + i, lanes)), out + i, lanes);
      });
    }
  }
}

#define COHORT_FOR_TYPE(T, suffix)                                                            \
  void scores_##suffix(const T* x, const float* packed, int64_t rows, int64_t experts,        \
                       int64_t dim, bool softmax, float* scores) {                            \
    scores_of(x, packed, rows, experts, dim, softmax, scores);                                \
  }                                                                                           \
  void input_grad_##suffix(const float* d_logits, const T* w, int64_t rows, int64_t experts,  \
                           int64_t dim, T* dx) {                                              \
    input_grad(d_logits, w, rows, experts, dim, dx);                                          \
  }                                                                                           \
  void weight_grad_##suffix(const float* d_logits, const T* x, int64_t rows, int64_t experts, \
                            int64_t dim, int64_t begin, int64_t end, float* dw) {             \
    weight_grad(d_logits, x, rows, experts, dim, begin, end, dw);                             \
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

int64_t packed_gate_size(int64_t experts, int64_t dim) { return (experts + 15) / 16 * 16 * dim; }

template <class T>
void pack_gate(const T* w, int64_t experts, int64_t dim, float* packed) {
  for (int64_t first = 0; first < experts; first += 16) {
    float* out = packed + first * dim;
    const int64_t used = std::min<int64_t>(16, experts - first);
    for (int64_t d = 0; d < dim; ++d) {
      for (int64_t e = 0; e < used; ++e) out[d * 16 + e] = to_float(w[(first + e) * dim + d]);
      for (int64_t e = used; e < 16; ++e) out[d * 16 + e] = 0.0f;
    }
  }
}
template void pack_gate(const float*, int64_t, int64_t, float*);
template void pack_gate(const Bf16*, int64_t, int64_t, float*);

#define COHORT_FOR_TYPE(T, suffix)                                                                 \
  HWY_EXPORT(scores_##suffix);                                                                     \
  HWY_EXPORT(input_grad_##suffix);                                                                 \
  HWY_EXPORT(weight_grad_##suffix);                                                                \
  template <>                                                                                      \
  void gate_scores<T>(const T* x, const float* packed, int64_t rows, int64_t experts, int64_t dim, \
                      bool softmax, float* scores) {                                               \
    HWY_DYNAMIC_DISPATCH(scores_##suffix)(x, packed, rows, experts, dim, softmax, scores);         \
  }                                                                                                \
  template <>                                                                                      \
  void gate_input_grad<T>(const float* d_logits, const T* w, int64_t rows, int64_t experts,        \
                          int64_t dim, T* dx) {                                                    \
    HWY_DYNAMIC_DISPATCH(input_grad_##suffix)(d_logits, w, rows, experts, dim, dx);                \
  }                                                                                                \
  template <>                                                                                      \
  void gate_weight_grad<T>(const float* d_logits, const T* x, int64_t rows, int64_t experts,       \
                           int64_t dim, int64_t begin, int64_t end, float* dw) {                   \
    HWY_DYNAMIC_DISPATCH(weight_grad_##suffix)(d_logits, x, rows, experts, dim, begin, end, dw);   \
  }
COHORT_FOR_TYPE(float, float)
COHORT_FOR_TYPE(Bf16, bf16)
#undef COHORT_FOR_TYPE

}  // namespace cohort::kernels
#endif  // HWY_ONCE
