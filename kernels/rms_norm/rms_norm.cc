#include "kernels/rms_norm/rms_norm.h"

#include "kernels/autograd_node.h"
#include "kernels/device/device.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"
#include "kernels/rms_norm/rms_norm_rows.h"

namespace cohort::kernels {
namespace {

// Element operations an element costs, for dealing rows to threads.
constexpr int64_t kWorkAnElement = 3;

void check_arguments(const at::Tensor& x, const Param& w) {
  COHORT_CHECK(x.dim() == 2 && (x.size(1) == 1 || x.stride(1) == 1) && w.data.dim() == 1 &&
                   w.data.size(0) == x.size(1) && w.data.scalar_type() == x.scalar_type(),
               "rms_norm: x is [M, D] with contiguous columns and w [D] of its dtype");
}

RmsNormRows rows_of(const at::Tensor& x, const RmsNormForm& form, int64_t begin, int64_t end) {
  return {end - begin, x.size(1), x.stride(0), static_cast<float>(form.eps), form.unit_offset};
}

void check_shards(const Param& w, const RowShards& shards, int64_t rows) {
  COHORT_CHECK(shards && w.grad.size(0) + 1 == static_cast<int64_t>(shards->size()) &&
                   shards->back() == rows,
               "rms_norm: the row shards do not match w.grad or the rows");
}

void device_forward(const device::DeviceOps& ops, const at::Tensor& x, const at::Tensor& delta,
                    const Param& w, const RmsNormForm& form, const at::Tensor& residual,
                    const at::Tensor& y) {
  ops.rms_norm({.element = device::element_of(x),
                .rows = x.size(0),
                .dim = x.size(1),
                .x_row = x.stride(0),
                .eps = static_cast<float>(form.eps),
                .unit_offset = form.unit_offset,
                .x = device::in(x),
                .delta = device::in(delta),
                .w = device::in(w.data),
                .residual = residual.defined() ? device::out(residual) : nullptr,
                .y = device::out(y)});
}

void device_backward(const device::DeviceOps& ops, const at::Tensor& x, const Param& w,
                     const RmsNormForm& form, const RowShards& shards, const at::Tensor& dy,
                     const at::Tensor& d_residual, const at::Tensor& dx, const at::Tensor& scale) {
  const int64_t rows = x.size(0), dim = x.size(1);
  ops.rms_norm_backward({.element = device::element_of(x),
                         .rows = rows,
                         .dim = dim,
                         .x_row = x.stride(0),
                         .eps = static_cast<float>(form.eps),
                         .unit_offset = form.unit_offset,
                         .x = device::in(x),
                         .w = device::in(w.data),
                         .dy = device::in(dy),
                         .d_residual = device::in(d_residual),
                         .dx = device::out(dx),
                         .scale = device::out_as<float>(scale)});
  if (!w.trainable()) return;
  check_shards(w, shards, rows);
  for (size_t s = 0; s + 1 < shards->size(); ++s) {
    ops.rms_norm_weight_grad(
        {.element = device::element_of(x),
         .begin = (*shards)[s],
         .end = (*shards)[s + 1],
         .dim = dim,
         .x_row = x.stride(0),
         .unit_offset = form.unit_offset,
         .x = device::in(x),
         .dy = device::in(dy),
         .scale = device::in_as<float>(scale),
         .dw = device::out_as<float>(w.grad) + static_cast<int64_t>(s) * w.grad.stride(0)});
  }
}

// dx of the normed rows, plus the residual's own gradient where there is one; dw into w.grad by
// shard.
at::Tensor backward(const at::Tensor& x, const Param& w, const RmsNormForm& form,
                    const RowShards& shards, const at::Tensor& dy_in,
                    const at::Tensor& d_residual_in) {
  const at::Tensor dy = dy_in.contiguous();
  const at::Tensor d_residual = d_residual_in.defined() ? d_residual_in.contiguous() : at::Tensor();
  const int64_t rows = x.size(0), dim = x.size(1), stride = x.stride(0);
  at::Tensor dx = at::empty({rows, dim}, x.options());
  const at::Tensor scale = at::empty({rows}, x.options().dtype(at::kFloat));
  if (const auto* ops = device_ops(x)) {
    device_backward(*ops, x, w, form, shards, dy, d_residual, dx, scale);
    return dx;
  }
  for_dtype(x.scalar_type(), [&]<class T>() {
    parallel_items(rows, 2 * dim * kWorkAnElement, [&](int64_t begin, int64_t end) {
      rms_norm_rows_backward<T>(
          rows_of(x, form, begin, end), in_ptr<T>(x) + begin * stride, in_ptr<T>(w.data),
          in_ptr<T>(dy) + begin * dim,
          d_residual.defined() ? in_ptr<T>(d_residual) + begin * dim : nullptr,
          out_ptr<T>(dx) + begin * dim, out_ptr<float>(scale) + begin);
    });
    if (!w.trainable()) return;
    check_shards(w, shards, rows);
    parallel_items(column_chunks(dim), rows * kColumnChunk, [&](int64_t first, int64_t last) {
      const int64_t end_column = std::min(last * kColumnChunk, dim);
      for (size_t s = 0; s + 1 < shards->size(); ++s) {
        const int64_t begin = (*shards)[s], end = (*shards)[s + 1];
        rms_norm_weight_grad<T>(
            rows_of(x, form, begin, end), in_ptr<T>(x) + begin * stride,
            in_ptr<T>(dy) + begin * dim, in_ptr<float>(scale) + begin, first * kColumnChunk,
            end_column, out_ptr<float>(w.grad) + static_cast<int64_t>(s) * w.grad.stride(0));
      }
    });
  });
  return dx;
}

struct RmsNormBackward final : torch::autograd::Node {
  SavedVariable x;
  const Param* w = nullptr;
  RmsNormForm form = 0.0;
  RowShards shards;

  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    return {backward(x.unpack(), *w, form, shards, grads[0], at::Tensor())};
  }
  void release_variables() override { x.reset_data(); }
};

struct AddRmsNormBackward final : torch::autograd::Node {
  SavedVariable residual;
  const Param* w = nullptr;
  RmsNormForm form = 0.0;
  RowShards shards;

  variable_list apply(variable_list&& grads) override {
    at::Tensor d = grads[0];
    if (grads[1].defined()) {
      d = backward(residual.unpack(shared_from_this()), *w, form, shards, grads[1], grads[0]);
    }
    return {d, d};
  }
  void release_variables() override { residual.reset_data(); }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const Param& w, const RmsNormForm& form,
                    const RowShards& shards) {
  check_arguments(x, w);
  const int64_t rows = x.size(0), dim = x.size(1);
  at::Tensor y = result({rows, dim}, x.options());
  if (const auto* ops = device_ops(x)) {
    device_forward(*ops, x, at::Tensor(), w, form, at::Tensor(), y);
  } else {
    for_dtype(x.scalar_type(), [&]<class T>() {
      parallel_items(rows, dim * kWorkAnElement, [&](int64_t begin, int64_t end) {
        rms_norm_rows<T>(rows_of(x, form, begin, end), in_ptr<T>(x) + begin * x.stride(0),
                         in_ptr<T>(w.data), out_ptr<T>(y) + begin * dim);
      });
    });
  }
  if (takes_gradient(x)) {
    auto node = make_node<RmsNormBackward>(x);
    node->x = save_input(x);
    node->w = &w;
    node->form = form;
    node->shards = shards;
    set_output(y, node);
  }
  return y;
}

NormedResidual add_rms_norm(const at::Tensor& x, const at::Tensor& delta, const Param& w,
                            const RmsNormForm& form, const RowShards& shards) {
  check_arguments(x, w);
  COHORT_CHECK(
      delta.sizes() == x.sizes() && delta.is_contiguous() && delta.scalar_type() == x.scalar_type(),
      "add_rms_norm: delta must be contiguous and of x's shape and dtype");
  const int64_t rows = x.size(0), dim = x.size(1);
  at::Tensor residual = result({rows, dim}, x.options());
  at::Tensor normed = result({rows, dim}, x.options());
  if (const auto* ops = device_ops(x)) {
    device_forward(*ops, x, delta, w, form, residual, normed);
  } else {
    for_dtype(x.scalar_type(), [&]<class T>() {
      parallel_items(rows, dim * kWorkAnElement, [&](int64_t begin, int64_t end) {
        add_rms_norm_rows<T>(rows_of(x, form, begin, end), in_ptr<T>(x) + begin * x.stride(0),
                             in_ptr<T>(delta) + begin * dim, in_ptr<T>(w.data),
                             out_ptr<T>(residual) + begin * dim, out_ptr<T>(normed) + begin * dim);
      });
    });
  }
  if (takes_gradient(x) || takes_gradient(delta)) {
    auto node = make_node<AddRmsNormBackward>(x, delta);
    node->w = &w;
    node->form = form;
    node->shards = shards;
    set_output(residual, node);
    set_output(normed, node);
    node->residual = SavedVariable(residual, /*is_output=*/true);
  }
  return {residual, normed};
}

}  // namespace cohort::kernels
