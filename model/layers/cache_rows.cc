#include "model/layers/cache_rows.h"

#include <ATen/ops/index_copy.h>

#include "core/base/error.h"
#include "kernels/device/device.h"
#include "kernels/op_support.h"

namespace cohort {

void cache_rows(const at::Tensor& x, const at::Tensor& slots, const at::Tensor& cache) {
  const int64_t rows = x.size(0), width = x.size(1) * x.size(2);
  COHORT_CHECK(x.stride(2) == 1 && x.stride(1) == x.size(2) && cache.is_contiguous() &&
                   cache.size(1) == x.size(1) && cache.size(2) == x.size(2) &&
                   cache.scalar_type() == x.scalar_type() && slots.scalar_type() == at::kInt &&
                   slots.numel() == rows,
               "cache_rows: one int32 slot a row, a cache of x's heads and dtype");
  const auto* slot = slots.const_data_ptr<int32_t>();
  for (int64_t t = 0; t < rows; ++t)
    COHORT_CHECK(slot[t] >= 0 && slot[t] < cache.size(0), "slot {} of {}", slot[t], cache.size(0));
  if (kernels::device_ops(x) != nullptr) {
    at::Tensor all = cache;
    all.index_copy_(0, kernels::device::upload_as_long(slots, cache), x);
    return;
  }
  kernels::for_dtype(x.scalar_type(), [&]<class T>() {
    for (int64_t t = 0; t < rows; ++t)
      std::copy_n(kernels::in_ptr<T>(x) + t * x.stride(0), width,
                  kernels::out_ptr<T>(cache) + slot[t] * width);
  });
}

}  // namespace cohort
