// attention.h on the device: layouts become tables by query (and, for dk and dv, by key row).
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/device/device.h"

namespace cohort::kernels {

struct DeviceAttention {
  const device::DeviceOps& ops;
  const at::Tensor &q, &k, &v;
  const AttentionLayout& layout;
  double scale;
  int64_t window;  // 0: none
};

// out [T, nh, Dv], contiguous.
void device_attention(const DeviceAttention& a, const at::Tensor& out);
// dq as q, contiguous; dk, dv fp32 as k and v, contiguous and written whole.
void device_attention_backward(const DeviceAttention& a, const at::Tensor& d_out,
                               const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv);

}  // namespace cohort::kernels
