#include "kernels/moe/moe_device.h"

#include <ATen/ops/empty.h>

#include "kernels/linear/linear_device.h"
#include "kernels/rows/rows_device.h"

namespace cohort::kernels {
namespace {

DeviceGroups groups_of(const DeviceMoePlan& plan) {
  return {plan.experts, device::in_as<int64_t>(plan.offsets), plan.tokens};
}

// The rows of x in the order of the experts.
at::Tensor sorted_rows(const device::DeviceOps& ops, const at::Tensor& x,
                       const DeviceMoePlan& plan) {
  at::Tensor rows = at::empty({plan.rows(), x.size(1)}, x.options());
  device_gather_rows(ops, x, device::in_as<int32_t>(plan.token), rows);
  return rows;
}

// y[t] = sum over choices of weight * rows; weight undefined: plain sum.
void combine(const device::DeviceOps& ops, const at::Tensor& rows, const at::Tensor& weight,
             const DeviceMoePlan& plan, const at::Tensor& y) {
  ops.combine_rows({.element = device::element_of(rows),
                    .tokens = plan.tokens,
                    .top_k = plan.top_k,
                    .width = rows.size(1),
                    .rows = device::in(rows),
                    .picks = device::in_as<int32_t>(plan.row),
                    .weights = device::in_as<float>(weight),
                    .y = device::out(y)});
}

// Borders of (expert, shard), as device_weight_grad takes them.
at::Tensor shard_borders(const device::DeviceOps& ops, const DeviceMoePlan& plan,
                         const std::vector<int64_t>& shards) {
  COHORT_CHECK(!shards.empty() && shards.front() == 0 && shards.back() == plan.tokens,
               "moe: the shards must cover {} rows", plan.tokens);
  const int64_t count = static_cast<int64_t>(shards.size()) - 1;
  at::Tensor borders = at::empty({plan.experts * count + 1}, plan.offsets.options());
  ops.expert_borders({.experts = plan.experts,
                      .shards = count,
                      .offsets = device::in_as<int64_t>(plan.offsets),
                      .token = device::in_as<int32_t>(plan.token),
                      .shard_rows = device::in_as<int64_t>(
                          device::upload(std::span<const int64_t>(shards), plan.offsets)),
                      .borders = device::out_as<int64_t>(borders)});
  return borders;
}

void swiglu_forward(const device::DeviceOps& ops, const at::Tensor& hidden, const at::Tensor& act) {
  ops.swiglu({.element = device::element_of(hidden),
              .gelu_tanh = false,
              .rows = hidden.size(0),
              .inner = act.size(1),
              .gate_up = device::in(hidden),
              .y = device::out(act),
              .dy = nullptr,
              .d_gate_up = nullptr});
}

}  // namespace

DeviceMoePlan device_moe_plan(const device::DeviceOps& ops, const at::Tensor& index,
                              int64_t experts) {
  COHORT_CHECK(index.dim() == 2 && index.scalar_type() == at::kInt && index.is_contiguous(),
               "moe: index must be contiguous int32 [tokens, choices]");
  const auto ints = [&] { return at::empty({index.numel()}, index.options()); };
  DeviceMoePlan plan{index.size(0), index.size(1),
                     experts,       at::empty({experts + 1}, index.options().dtype(at::kLong)),
                     ints(),        ints(),
                     ints()};
  ops.sort_by_expert({.tokens = plan.tokens,
                      .top_k = plan.top_k,
                      .experts = experts,
                      .index = device::in_as<int32_t>(index),
                      .offsets = device::out_as<int64_t>(plan.offsets),
                      .token = device::out_as<int32_t>(plan.token),
                      .slot = device::out_as<int32_t>(plan.slot),
                      .row = device::out_as<int32_t>(plan.row)});
  return plan;
}

void device_moe(const device::DeviceOps& ops, const at::Tensor& x, const at::Tensor& weight,
                const DeviceMoePlan& plan, const Param& gate_up, const Param& down,
                const at::Tensor& hidden, const at::Tensor& y) {
  const int64_t rows = plan.rows(), inner = down.data.size(2);
  const at::Tensor h = hidden.defined() ? hidden : at::empty({rows, 2 * inner}, x.options());
  device_multiply(ops, sorted_rows(ops, x, plan), gate_up, groups_of(plan), /*transposed=*/false,
                  h);
  const at::Tensor act = at::empty({rows, inner}, x.options());
  swiglu_forward(ops, h, act);
  const at::Tensor out = at::empty({rows, x.size(1)}, x.options());
  device_multiply(ops, act, down, groups_of(plan), /*transposed=*/false, out);
  combine(ops, out, weight, plan, y);
}

void device_moe_backward(const device::DeviceOps& ops, const at::Tensor& dy, const at::Tensor& x,
                         const at::Tensor& weight, const at::Tensor& hidden,
                         const DeviceMoePlan& plan, const Param& gate_up, const Param& down,
                         const RowShards& shards, const at::Tensor& dx,
                         const at::Tensor& d_weight) {
  const int64_t rows = plan.rows(), inner = down.data.size(2);
  const at::Tensor dy_rows = sorted_rows(ops, dy, plan);
  const at::Tensor d_act = at::empty({rows, inner}, x.options().dtype(at::kFloat));
  device_multiply(ops, dy_rows, down, groups_of(plan), /*transposed=*/true, d_act);
  const at::Tensor act = at::empty({rows, inner}, x.options());
  swiglu_forward(ops, hidden, act);
  const at::Tensor d_weighted = at::empty({rows, inner}, x.options());
  ops.weigh_rows({.element = device::element_of(x),
                  .rows = rows,
                  .width = inner,
                  .weight = device::in_as<float>(weight),
                  .slot = device::in_as<int32_t>(plan.slot),
                  .d_act = device::in_as<float>(d_act),
                  .act = device::out(act),
                  .d_weighted = device::out(d_weighted),
                  .d_weight = device::out_as<float>(d_weight)});
  const at::Tensor d_hidden = at::empty({rows, 2 * inner}, x.options());
  ops.swiglu({.element = device::element_of(x),
              .gelu_tanh = false,
              .rows = rows,
              .inner = inner,
              .gate_up = device::in(hidden),
              .y = nullptr,
              .dy = device::in(d_weighted),
              .d_gate_up = device::out(d_hidden)});
  const at::Tensor d_rows = at::empty({rows, x.size(1)}, x.options());
  device_multiply(ops, d_hidden, gate_up, groups_of(plan), /*transposed=*/true, d_rows);
  combine(ops, d_rows, at::Tensor(), plan, dx);

  if (!gate_up.trainable() && !down.trainable()) return;
  COHORT_CHECK(shards != nullptr, "moe: a trainable weight needs the rows of its shards");
  const at::Tensor borders = shard_borders(ops, plan, *shards);
  const int64_t* segments = device::in_as<int64_t>(borders);
  if (gate_up.trainable())
    device_weight_grad(ops, d_hidden, sorted_rows(ops, x, plan), gate_up, segments);
  if (down.trainable()) device_weight_grad(ops, dy_rows, act, down, segments);
}

}  // namespace cohort::kernels
