#include "kernels/moe/moe_device.h"

#include <ATen/ops/empty.h>

#include "kernels/linear/linear_device.h"
#include "kernels/rows/rows_device.h"

namespace cohort::kernels {
namespace {

const int32_t* tokens_of(const MoePlan& plan) { return device::in_as<int32_t>(plan.uploaded); }
const int32_t* slots_of(const MoePlan& plan) { return tokens_of(plan) + plan.rows(); }
const int32_t* rows_of_slots(const MoePlan& plan) { return tokens_of(plan) + 2 * plan.rows(); }

// The rows of x in the order of the experts.
at::Tensor sorted_rows(const device::DeviceOps& ops, const at::Tensor& x, const MoePlan& plan) {
  at::Tensor rows = at::empty({plan.rows(), x.size(1)}, x.options());
  device_gather_rows(ops, x, tokens_of(plan), rows);
  return rows;
}

// y[t] = sum over choices of weight * rows; weight undefined: plain sum.
void combine(const device::DeviceOps& ops, const at::Tensor& rows, const at::Tensor& weight,
             const MoePlan& plan, const at::Tensor& y) {
  ops.combine_rows({.element = device::element_of(rows),
                    .tokens = plan.tokens,
                    .top_k = plan.top_k,
                    .width = rows.size(1),
                    .rows = device::in(rows),
                    .picks = rows_of_slots(plan),
                    .weights = device::in_as<float>(weight),
                    .y = device::out(y)});
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

void upload_moe_plan(MoePlan& plan, const at::Tensor& like) {
  std::vector<int32_t> all = plan.token;
  all.insert(all.end(), plan.slot.begin(), plan.slot.end());
  all.insert(all.end(), plan.row.begin(), plan.row.end());
  plan.uploaded = device::upload_new(std::span<const int32_t>(all), like);
}

void device_moe(const device::DeviceOps& ops, const at::Tensor& x, const at::Tensor& weight,
                const MoePlan& plan, const Param& gate_up, const Param& down,
                const at::Tensor& hidden, const at::Tensor& y) {
  const int64_t rows = plan.rows(), inner = down.data.size(2);
  const at::Tensor h = hidden.defined() ? hidden : at::empty({rows, 2 * inner}, x.options());
  device_multiply(ops, sorted_rows(ops, x, plan), gate_up, plan.offsets, /*transposed=*/false, h);
  const at::Tensor act = at::empty({rows, inner}, x.options());
  swiglu_forward(ops, h, act);
  const at::Tensor out = at::empty({rows, x.size(1)}, x.options());
  device_multiply(ops, act, down, plan.offsets, /*transposed=*/false, out);
  combine(ops, out, weight, plan, y);
}

void device_moe_backward(const device::DeviceOps& ops, const at::Tensor& dy, const at::Tensor& x,
                         const at::Tensor& weight, const at::Tensor& hidden, const MoePlan& plan,
                         const Param& gate_up, const Param& down, const RowShards& shards,
                         const at::Tensor& dx, const at::Tensor& d_weight) {
  const int64_t rows = plan.rows(), inner = down.data.size(2);
  const at::Tensor dy_rows = sorted_rows(ops, dy, plan);
  const at::Tensor d_act = at::empty({rows, inner}, x.options().dtype(at::kFloat));
  device_multiply(ops, dy_rows, down, plan.offsets, /*transposed=*/true, d_act);
  const at::Tensor act = at::empty({rows, inner}, x.options());
  swiglu_forward(ops, hidden, act);
  const at::Tensor d_weighted = at::empty({rows, inner}, x.options());
  ops.weigh_rows({.element = device::element_of(x),
                  .rows = rows,
                  .width = inner,
                  .weight = device::in_as<float>(weight),
                  .slot = slots_of(plan),
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
  device_multiply(ops, d_hidden, gate_up, plan.offsets, /*transposed=*/true, d_rows);
  combine(ops, d_rows, at::Tensor(), plan, dx);

  if (!gate_up.trainable() && !down.trainable()) return;
  COHORT_CHECK(shards != nullptr, "moe: a trainable weight needs the rows of its shards");
  const std::vector<int64_t> segments = plan.shard_segments(*shards);
  if (gate_up.trainable())
    device_weight_grad(ops, d_hidden, sorted_rows(ops, x, plan), gate_up, segments);
  if (down.trainable()) device_weight_grad(ops, dy_rows, act, down, segments);
}

}  // namespace cohort::kernels
