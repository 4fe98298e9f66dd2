// The products of linear.h on the device.
#pragma once

#include <span>

#include "kernels/device/device.h"
#include "kernels/param.h"

namespace cohort::kernels {

// Group g has rows [offsets[g], offsets[g + 1]).
struct DeviceGroups {
  int64_t groups = 1;
  const int64_t* offsets = nullptr;  // on the device; null: one group of all rows
  int64_t most_rows = 0;             // of any group, or more
};

// out = x w_g^T for the rows of each group; transposed: out = x w_g.
void device_multiply(const device::DeviceOps& ops, const at::Tensor& x, const Param& w,
                     const DeviceGroups& groups, bool transposed, const at::Tensor& out);
// The same of offsets in host memory.
void device_multiply(const device::DeviceOps& ops, const at::Tensor& x, const Param& w,
                     std::span<const int64_t> offsets, bool transposed, const at::Tensor& out);

// Segment (g, s), rows [borders[g * S + s], borders[g * S + s + 1]) of dy and x, is added to
// w.grad[s, g]; one group for a weight [N, K].
void device_weight_grad(const device::DeviceOps& ops, const at::Tensor& dy, const at::Tensor& x,
                        const Param& w, std::span<const int64_t> borders);
// The same of borders on the device.
void device_weight_grad(const device::DeviceOps& ops, const at::Tensor& dy, const at::Tensor& x,
                        const Param& w, const int64_t* borders);

}  // namespace cohort::kernels
