#include "model/layers/latent.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_copy.h>

#include "core/base/error.h"
#include "kernels/device/device.h"
#include "kernels/op_support.h"

namespace cohort {

at::Tensor join_latent(const at::Tensor& c, const at::Tensor& k_rope) {
  return at::cat({c.unsqueeze(1), k_rope}, 2);
}

void join_latent_into(const at::Tensor& c, const at::Tensor& k_rope, const at::Tensor& slots,
                      const at::Tensor& cache) {
  const int64_t rows = c.size(0), latent = c.size(1), rope = k_rope.size(2);
  COHORT_CHECK(c.is_contiguous() && k_rope.is_contiguous() && cache.is_contiguous() &&
                   cache.size(2) == latent + rope && cache.scalar_type() == c.scalar_type() &&
                   slots.scalar_type() == at::kInt && slots.numel() == rows,
               "join_latent_into: one int32 slot a row, a cache of c's dtype");
  const auto* slot = slots.const_data_ptr<int32_t>();
  if (kernels::device_ops(c) != nullptr) {
    for (int64_t t = 0; t < rows; ++t)
      COHORT_CHECK(slot[t] >= 0 && slot[t] < cache.size(0), "slot {} of {}", slot[t],
                   cache.size(0));
    at::Tensor keys = cache;
    keys.index_copy_(0, kernels::device::upload_as_long(slots, cache), join_latent(c, k_rope));
    return;
  }
  kernels::for_dtype(c.scalar_type(), [&]<class T>() {
    for (int64_t t = 0; t < rows; ++t) {
      COHORT_CHECK(slot[t] >= 0 && slot[t] < cache.size(0), "slot {} of {}", slot[t],
                   cache.size(0));
      T* row = kernels::out_ptr<T>(cache) + slot[t] * (latent + rope);
      std::copy_n(kernels::in_ptr<T>(c) + t * latent, latent, row);
      std::copy_n(kernels::in_ptr<T>(k_rope) + t * rope, rope, row + latent);
    }
  });
}

}  // namespace cohort
