// Rows moved and summed on the device: for kernels/rows, kernels/embedding and kernels/moe.
#pragma once

#include <span>
#include <vector>

#include "kernels/device/device.h"

namespace cohort::kernels {

// out[p] = x[index[p]]
void device_gather_rows(const device::DeviceOps& ops, const at::Tensor& x,
                        std::span<const int32_t> index, const at::Tensor& out);

// The same of an index [rows of out] that lies on the device.
void device_gather_rows(const device::DeviceOps& ops, const at::Tensor& x, const int32_t* index,
                        const at::Tensor& out);

// Row target[i] gets the rows source[offsets[i]] .. source[offsets[i + 1] - 1], in order.
struct RowSums {
  std::vector<int64_t> target, offsets, source;
};
// out + target * x.size(1), in x's dtype or, when added to, in fp32.
void device_sum_rows(const device::DeviceOps& ops, const at::Tensor& x, const RowSums& sums,
                     bool add, void* out);

}  // namespace cohort::kernels
