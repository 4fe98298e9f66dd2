#include "kernels/device/cuda_support.cuh"

// A thread an element.
namespace cohort::kernels::device {
namespace {

template <class T>
__global__ void swiglu_kernel(Swiglu s) {
  const int64_t item = item_index();
  if (item >= s.rows * s.inner) return;
  const int64_t gate_at = item / s.inner * 2 * s.inner + item % s.inner;
  const T* gate_up = static_cast<const T*>(s.gate_up);
  const float gate = load(gate_up[gate_at]), up = load(gate_up[gate_at + s.inner]);
  // act(gate) = gate sigmoid(z(gate)); swiglu_rows.cc
  constexpr float kTwice = 1.5957691216057308f, kCubic = 0.044715f;
  const float z = s.gelu_tanh ? kTwice * gate * fmaf(kCubic * gate, gate, 1.0f) : gate;
  const float dz = s.gelu_tanh ? kTwice * fmaf(3.0f * kCubic * gate, gate, 1.0f) : 1.0f;
  const float sig = sigmoid(z);
  if (s.d_gate_up == nullptr) {
    store(gate * sig * up, static_cast<T*>(s.y)[item]);
    return;
  }
  // d act / d gate = sig (1 + gate dz (1 - sig))
  T* d_gate_up = static_cast<T*>(s.d_gate_up);
  const float dy = load(static_cast<const T*>(s.dy)[item]);
  const float slope = sig * fmaf(gate * dz, 1.0f - sig, 1.0f);
  store(dy * (gate * sig), d_gate_up[gate_at + s.inner]);
  store(dy * up * slope, d_gate_up[gate_at]);
}

}  // namespace

void swiglu(const Swiglu& s) {
  for_element(s.element, [&]<class T>() {
    launch(swiglu_kernel<T>, grid_of(s.rows * s.inner), dim3(kThreads), s, "swiglu");
  });
}

}  // namespace cohort::kernels::device
