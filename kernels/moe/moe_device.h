// moe.h on the device: the formulas of moe.cc, a kernel a line. The host knows no row of an expert,
// so it waits for nothing.
#pragma once

#include "kernels/device/device.h"
#include "kernels/param.h"

namespace cohort::kernels {

// MoePlan (plan.h) in device memory.
struct DeviceMoePlan {
  int64_t tokens = 0, top_k = 0, experts = 0;
  at::Tensor offsets;           // [experts + 1] int64
  at::Tensor token, slot, row;  // [rows] int32

  int64_t rows() const { return tokens * top_k; }
};

// index [T, K] int32, the experts of a row all different.
DeviceMoePlan device_moe_plan(const device::DeviceOps& ops, const at::Tensor& index,
                              int64_t experts);

// `hidden` [rows, 2I] is filled for backward when it is defined.
void device_moe(const device::DeviceOps& ops, const at::Tensor& x, const at::Tensor& weight,
                const DeviceMoePlan& plan, const Param& gate_up, const Param& down,
                const at::Tensor& hidden, const at::Tensor& y);

void device_moe_backward(const device::DeviceOps& ops, const at::Tensor& dy, const at::Tensor& x,
                         const at::Tensor& weight, const at::Tensor& hidden,
                         const DeviceMoePlan& plan, const Param& gate_up, const Param& down,
                         const RowShards& shards, const at::Tensor& dx, const at::Tensor& d_weight);

}  // namespace cohort::kernels
