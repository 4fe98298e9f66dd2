#include "kernels/device/device.h"

#include <ATen/ops/from_blob.h>

namespace cohort::kernels::device {
namespace {

template <class T>
at::Tensor copy(std::span<const T> values, at::ScalarType type, const at::Tensor& like) {
  const at::Tensor view =
      at::from_blob(const_cast<T*>(values.data()), {static_cast<int64_t>(values.size())}, type);
  return like.device().is_cpu() ? view.clone() : view.to(like.device());
}

}  // namespace

at::Tensor upload(std::span<const int64_t> values, const at::Tensor& like) {
  return copy(values, at::kLong, like);
}
at::Tensor upload(std::span<const int32_t> values, const at::Tensor& like) {
  return copy(values, at::kInt, like);
}
at::Tensor upload(std::span<const float> values, const at::Tensor& like) {
  return copy(values, at::kFloat, like);
}

}  // namespace cohort::kernels::device
