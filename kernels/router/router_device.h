// router.h on the device.
#pragma once

#include "kernels/device/device.h"
#include "kernels/router/router.h"

namespace cohort::kernels {

// Fills scores [T, E], index and weight; bias is in host memory, index in the device's.
void device_route(const device::DeviceOps& ops, const at::Tensor& x, const Param& w,
                  const at::Tensor& bias, const RouterConfig& config, const at::Tensor& scores,
                  const at::Tensor& index, const at::Tensor& weight);

// The gradient of the logits [T, E] from that of the weights (undefined: none) and of the balance
// loss.
at::Tensor device_logit_grads(const device::DeviceOps& ops, const RouterConfig& config,
                              const at::Tensor& scores, const at::Tensor& index,
                              const at::Tensor& d_weight, const BalanceLoss& balance);
// += the balance loss, in double; scores and index in the device's memory.
void device_add_balance_loss(const device::DeviceOps& ops, const RouterConfig& config,
                             const at::Tensor& scores, const at::Tensor& index,
                             const BalanceLoss& balance);

// dx, and dw into w.grad by shard where the gate is trainable.
void device_gate_grads(const device::DeviceOps& ops, const at::Tensor& d_logits,
                       const at::Tensor& x, const Param& w, const RowShards& shards,
                       const at::Tensor& dx);

}  // namespace cohort::kernels
