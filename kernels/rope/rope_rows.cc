#include "kernels/rope/rope_rows.h"

#include <cstring>

#include "kernels/math/scalar.h"

// Products and sums are rounded one by one (-ffp-contract=off), so an element's bits do not depend
// on how the compiler vectorises these loops.
namespace cohort::kernels {

template <class T>
void rope_rows(const RopeRows& s, int64_t begin, int64_t end, const T* x, T* y) {
  const int64_t half = s.rotary / 2, kept = s.dim - s.rotary;
  const int64_t second = s.interleaved ? 1 : half, step = s.interleaved ? 2 : 1;
  for (int64_t t = begin; t < end; ++t) {
    const float* cos = s.cos + s.positions[t] * half;
    const float* sin = s.sin + s.positions[t] * half;
    for (int64_t h = 0; h < s.heads; ++h) {
      const T* in = x + t * s.x_stride + h * s.x_head_stride;
      T* out = y + (t * s.heads + h) * s.dim;
      std::memcpy(out, in, kept * sizeof(T));
      in += kept;
      out += kept;
      for (int64_t j = 0; j < half; ++j) {
        const float a = to_float(in[step * j]), b = to_float(in[step * j + second]);
        out[j] = from_float<T>(a * cos[j] - b * sin[j]);
        out[j + half] = from_float<T>(b * cos[j] + a * sin[j]);
      }
    }
  }
}

template <class T>
void rope_rows_backward(const RopeRows& s, int64_t begin, int64_t end, const T* dy, T* dx) {
  const int64_t half = s.rotary / 2, kept = s.dim - s.rotary;
  const int64_t second = s.interleaved ? 1 : half, step = s.interleaved ? 2 : 1;
  for (int64_t t = begin; t < end; ++t) {
    const float* cos = s.cos + s.positions[t] * half;
    const float* sin = s.sin + s.positions[t] * half;
    for (int64_t h = 0; h < s.heads; ++h) {
      const T* in = dy + (t * s.heads + h) * s.dim;
      T* out = dx + (t * s.heads + h) * s.dim;
      std::memcpy(out, in, kept * sizeof(T));
      in += kept;
      out += kept;
      for (int64_t j = 0; j < half; ++j) {
        const float a = to_float(in[j]), b = to_float(in[j + half]);
        out[step * j] = from_float<T>(a * cos[j] + b * sin[j]);
        out[step * j + second] = from_float<T>(b * cos[j] - a * sin[j]);
      }
    }
  }
}

template void rope_rows(const RopeRows&, int64_t, int64_t, const float*, float*);
template void rope_rows(const RopeRows&, int64_t, int64_t, const Bf16*, Bf16*);
template void rope_rows_backward(const RopeRows&, int64_t, int64_t, const float*, float*);
template void rope_rows_backward(const RopeRows&, int64_t, int64_t, const Bf16*, Bf16*);

}  // namespace cohort::kernels
