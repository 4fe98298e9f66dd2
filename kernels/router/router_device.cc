#include "kernels/router/router_device.h"

#include <ATen/ops/empty.h>

namespace cohort::kernels {
namespace {

// f_e and P_e of every sequence, and what the kernels read of it.
struct Balance {
  at::Tensor offsets, coef, frequency, probability;
};

Balance upload_balance(const BalanceLoss& balance, int64_t experts, const at::Tensor& like) {
  const int64_t sequences = static_cast<int64_t>(balance.coef.size());
  const at::TensorOptions doubles = like.options().dtype(at::kDouble);
  return {device::upload(std::span<const int64_t>(balance.sequence_offsets), like),
          device::upload(std::span<const float>(balance.coef), like),
          at::empty({sequences, experts}, doubles), at::empty({sequences, experts}, doubles)};
}

device::RouteGrad arguments(const RouterConfig& config, const at::Tensor& scores,
                            const at::Tensor& index, const Balance& balance) {
  return {.rows = scores.size(0),
          .experts = config.num_experts,
          .top_k = config.top_k,
          .norm_topk_prob = config.norm_topk_prob,
          .softmax = config.softmax,
          .scale = static_cast<float>(config.routed_scaling_factor),
          .scores = device::in_as<float>(scores),
          .index = device::in_as<int32_t>(index),
          .d_weight = nullptr,
          .sequences = balance.coef.numel(),
          .sequence_offsets = device::in_as<int64_t>(balance.offsets),
          .coef = device::in_as<float>(balance.coef),
          .frequency = device::out_as<double>(balance.frequency),
          .probability = device::out_as<double>(balance.probability),
          .d_logits = nullptr};
}

}  // namespace

void device_route(const device::DeviceOps& ops, const at::Tensor& x, const Param& w,
                  const at::Tensor& bias, const RouterConfig& config, const at::Tensor& scores,
                  const at::Tensor& index, const at::Tensor& weight) {
  const at::Tensor uploaded =
      device::upload(std::span(device::in_as<float>(bias), static_cast<size_t>(bias.numel())), x);
  const at::Tensor scratch = at::empty({x.size(0), 2 * (config.num_experts + config.num_groups)},
                                       x.options().dtype(at::kFloat));
  ops.route({.element = device::element_of(x),
             .rows = x.size(0),
             .dim = x.size(1),
             .experts = config.num_experts,
             .top_k = config.top_k,
             .groups = config.num_groups,
             .top_k_groups = config.top_k_groups,
             .norm_topk_prob = config.norm_topk_prob,
             .mask_with_zero = config.mask_with_zero,
             .softmax = config.softmax,
             .scale = static_cast<float>(config.routed_scaling_factor),
             .x = device::in(x),
             .w = device::in(w.data),
             .bias = device::in_as<float>(uploaded),
             .scores = device::out_as<float>(scores),
             .index = device::out_as<int32_t>(index),
             .weight = device::out_as<float>(weight),
             .scratch = device::out_as<float>(scratch)});
}

at::Tensor device_logit_grads(const device::DeviceOps& ops, const RouterConfig& config,
                              const at::Tensor& scores, const at::Tensor& index,
                              const at::Tensor& d_weight, const BalanceLoss& balance) {
  const Balance uploaded = upload_balance(balance, config.num_experts, scores);
  const at::Tensor grads = at::empty(scores.sizes(), scores.options());
  device::RouteGrad grad = arguments(config, scores, index, uploaded);
  grad.d_weight = device::in_as<float>(d_weight);
  grad.d_logits = device::out_as<float>(grads);
  ops.balance_stats(grad);
  ops.route_grad(grad);
  return grads;
}

void device_add_balance_loss(const device::DeviceOps& ops, const RouterConfig& config,
                             const at::Tensor& scores, const at::Tensor& index,
                             const BalanceLoss& balance) {
  if (balance.loss == nullptr) return;
  const int64_t experts = config.num_experts;
  const Balance uploaded = upload_balance(balance, experts, scores);
  ops.balance_stats(arguments(config, scores, index, uploaded));
  const at::Tensor frequency = uploaded.frequency.cpu(), probability = uploaded.probability.cpu();
  for (int64_t i = 0; i < static_cast<int64_t>(balance.coef.size()); ++i) {
    const double* f = device::in_as<double>(frequency) + i * experts;
    const double* p = device::in_as<double>(probability) + i * experts;
    double sum = 0;
    for (int64_t e = 0; e < experts; ++e) sum += f[e] * p[e];
    *balance.loss += balance.coef[i] * sum;
  }
}

void device_gate_grads(const device::DeviceOps& ops, const at::Tensor& d_logits,
                       const at::Tensor& x, const Param& w, const RowShards& shards,
                       const at::Tensor& dx) {
  device::GateGrad grad = {.element = device::element_of(x),
                           .rows = x.size(0),
                           .experts = w.data.size(0),
                           .dim = x.size(1),
                           .d_logits = device::in_as<float>(d_logits),
                           .x = device::in(x),
                           .w = device::in(w.data),
                           .dx = device::out(dx),
                           .begin = 0,
                           .end = 0,
                           .dw = nullptr};
  ops.gate_input_grad(grad);
  if (!w.trainable()) return;
  for (size_t s = 0; s + 1 < shards->size(); ++s) {
    grad.begin = (*shards)[s];
    grad.end = (*shards)[s + 1];
    grad.dw = device::out_as<float>(w.grad) + static_cast<int64_t>(s) * w.grad.stride(0);
    ops.gate_weight_grad(grad);
  }
}

}  // namespace cohort::kernels
