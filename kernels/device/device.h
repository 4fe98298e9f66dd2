// How an op's host side reaches the device library. Weights, activations, gradients and caches live
// on a run's device; what the host makes and checks (token ids, positions, slots, targets, layouts)
// stays in host memory, and is uploaded where a kernel needs it, once a pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "core/base/error.h"
#include "kernels/device/library.h"

namespace cohort::kernels {

namespace device {

// Tests put the kernels' sources, compiled for the host, here: they then take host tensors too.
inline const DeviceOps* ops_for_host_tensors = nullptr;

inline Element element_of(const at::Tensor& x) {
  COHORT_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16,
               "kernels take fp32 and bf16, not {}", c10::toString(x.scalar_type()));
  return x.scalar_type() == at::kFloat ? Element::kFp32 : Element::kBf16;
}

// Null for an undefined tensor.
inline const void* in(const at::Tensor& x) { return x.defined() ? x.const_data_ptr() : nullptr; }
inline void* out(const at::Tensor& x) { return x.mutable_data_ptr(); }
template <class T>
const T* in_as(const at::Tensor& x) {
  return static_cast<const T*>(in(x));
}
template <class T>
T* out_as(const at::Tensor& x) {
  return static_cast<T*>(out(x));
}

// A copy of `values` in the memory of `like`, not to be written to. Recent ones are kept by their
// values: what every layer of a pass asks for (positions, slots, borders) is uploaded once.
at::Tensor upload(std::span<const int64_t> values, const at::Tensor& like);
at::Tensor upload(std::span<const int32_t> values, const at::Tensor& like);
at::Tensor upload(std::span<const float> values, const at::Tensor& like);
// int32 values in host memory as int64, for LibTorch's index operations.
at::Tensor upload_as_long(const at::Tensor& values, const at::Tensor& like);
// The same of what its owner keeps himself.
at::Tensor upload_new(std::span<const int64_t> values, const at::Tensor& like);
at::Tensor upload_new(std::span<const int32_t> values, const at::Tensor& like);
// Copies made by this process.
int64_t num_uploads();

}  // namespace device

// The device's kernels when x is in its memory; null: x is the CPU's.
inline const device::DeviceOps* device_ops(const at::Tensor& x) {
  return x.device().is_cpu() ? device::ops_for_host_tensors : device::library().ops;
}

}  // namespace cohort::kernels
