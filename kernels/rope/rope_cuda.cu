#include "kernels/device/cuda_support.cuh"

// A thread a row, head and dimension of the first half of what it rotates (or of what it copies).
namespace cohort::kernels::device {
namespace {

template <class T>
__global__ void rope_kernel(Rope s) {
  const int64_t half = s.rotary / 2, kept = s.dim - s.rotary, each = half + kept;
  const int64_t item = item_index();
  if (item >= s.rows * s.heads * each) return;
  const int64_t t = item / (s.heads * each), h = item / each % s.heads, i = item % each;
  const T* in = static_cast<const T*>(s.in) + t * s.in_row + h * s.in_head;
  T* out = static_cast<T*>(s.out) + (t * s.heads + h) * s.dim;
  if (i < kept) {
    out[i] = in[i];
    return;
  }
  const int64_t j = i - kept;
  // Where the pair lies on the outside (the input of forward, the output of backward): (2j, 2j + 1)
  // when interleaved; inside it is always (j, j + half).
  const int64_t first = kept + (s.interleaved ? 2 * j : j);
  const int64_t second = s.interleaved ? first + 1 : first + half;
  const float cos = s.cos[s.positions[t] * half + j], sin = s.sin[s.positions[t] * half + j];
  if (!s.backward) {
    const float a = load(in[first]), b = load(in[second]);
    store(a * cos - b * sin, out[kept + j]);
    store(b * cos + a * sin, out[kept + j + half]);
  } else {
    const float a = load(in[kept + j]), b = load(in[kept + j + half]);
    store(a * cos + b * sin, out[first]);
    store(b * cos - a * sin, out[second]);
  }
}

}  // namespace

void rope(const Rope& s) {
  const int64_t items = s.rows * s.heads * (s.dim - s.rotary / 2);
  for_element(s.element, [&]<class T>() {
    launch(rope_kernel<T>, grid_of(items), dim3(kThreads), s, "rope");
  });
}

}  // namespace cohort::kernels::device
