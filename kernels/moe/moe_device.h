// moe.h on the device: the formulas of moe.cc, a kernel a line.
#pragma once

#include "kernels/device/device.h"
#include "kernels/moe/plan.h"
#include "kernels/param.h"

namespace cohort::kernels {

// Before either of the others.
void upload_moe_plan(MoePlan& plan, const at::Tensor& like);

// `hidden` [rows, 2I] is filled for backward when it is defined.
void device_moe(const device::DeviceOps& ops, const at::Tensor& x, const at::Tensor& weight,
                const MoePlan& plan, const Param& gate_up, const Param& down,
                const at::Tensor& hidden, const at::Tensor& y);

void device_moe_backward(const device::DeviceOps& ops, const at::Tensor& dy, const at::Tensor& x,
                         const at::Tensor& weight, const at::Tensor& hidden, const MoePlan& plan,
                         const Param& gate_up, const Param& down, const RowShards& shards,
                         const at::Tensor& dx, const at::Tensor& d_weight);

}  // namespace cohort::kernels
