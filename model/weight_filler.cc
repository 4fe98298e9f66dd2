#include "model/weight_filler.h"

#include <ATen/ops/empty.h>

#include "core/base/error.h"

namespace cohort {

WeightFiller::WeightFiller(ParameterStore& store, at::Tensor* masters_f32) : store_(store) {
  if (store.dtype() == at::kFloat && store.device().is_cpu()) {
    masters_ = store.flat();
  } else if (masters_f32 != nullptr) {
    masters_ = at::empty({store.numel()}, at::kFloat);
  }
  if (masters_f32 != nullptr) *masters_f32 = masters_;
}

void WeightFiller::fill(int64_t offset, int64_t numel,
                        const std::function<void(std::span<float>)>& make) {
  const at::Tensor values =
      masters_.defined() ? masters_.narrow(0, offset, numel) : scratch(numel, at::kFloat);
  make({values.mutable_data_ptr<float>(), static_cast<size_t>(numel)});
  const at::Tensor weights = store_.flat().narrow(0, offset, numel);
  if (!values.is_alias_of(weights)) weights.copy_(values);
}

void WeightFiller::fill_bf16(int64_t offset, int64_t numel,
                             const std::function<void(std::span<uint16_t>)>& make) {
  COHORT_CHECK(takes_bf16(), "weights in bf16 would have to be fp32");
  const at::Tensor weights = store_.flat().narrow(0, offset, numel);
  const at::Tensor values = weights.is_cpu() ? weights : scratch(numel, at::kBFloat16);
  make({static_cast<uint16_t*>(values.mutable_data_ptr()), static_cast<size_t>(numel)});
  if (!values.is_alias_of(weights)) weights.copy_(values);
}

at::Tensor WeightFiller::scratch(int64_t numel, at::ScalarType dtype) {
  const int64_t bytes = numel * static_cast<int64_t>(at::elementSize(dtype));
  if (!scratch_.defined() || scratch_.numel() < bytes) scratch_ = at::empty({bytes}, at::kByte);
  return scratch_.narrow(0, 0, bytes).view(dtype);
}

}  // namespace cohort
