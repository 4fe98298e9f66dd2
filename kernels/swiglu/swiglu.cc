#include "kernels/swiglu/swiglu.h"

#include "kernels/autograd_node.h"
#include "kernels/device/device.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"
#include "kernels/swiglu/swiglu_rows.h"

namespace cohort::kernels {
namespace {

// Element operations of one activation and its neighbours, for dealing rows to threads.
constexpr int64_t kWorkAnElement = 8;

struct SwigluBackward final : torch::autograd::Node {
  SavedVariable gate_up;
  GateActivation act = GateActivation::silu;

  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    const at::Tensor x = gate_up.unpack();
    const at::Tensor dy = grads[0].contiguous();
    at::Tensor dx = at::empty_like(x);
    const int64_t inner = dy.size(1);
    if (const auto* ops = device_ops(x)) {
      ops->swiglu({.element = device::element_of(x),
                   .gelu_tanh = act == GateActivation::gelu_tanh,
                   .rows = x.size(0),
                   .inner = inner,
                   .gate_up = device::in(x),
                   .y = nullptr,
                   .dy = device::in(dy),
                   .d_gate_up = device::out(dx)});
      return {dx};
    }
    for_dtype(x.scalar_type(), [&]<class T>() {
      parallel_items(x.size(0), inner * kWorkAnElement, [&](int64_t begin, int64_t end) {
        swiglu_rows_backward(in_ptr<T>(x) + begin * 2 * inner, in_ptr<T>(dy) + begin * inner,
                             out_ptr<T>(dx) + begin * 2 * inner, end - begin, inner, act);
      });
    });
    return {dx};
  }
  void release_variables() override { gate_up.reset_data(); }
};

}  // namespace

at::Tensor swiglu(const at::Tensor& gate_up, GateActivation act) {
  COHORT_CHECK(gate_up.dim() == 2 && gate_up.size(1) % 2 == 0 && gate_up.is_contiguous(),
               "swiglu needs contiguous [M, 2I]");
  const int64_t rows = gate_up.size(0), inner = gate_up.size(1) / 2;
  at::Tensor y = result({rows, inner}, gate_up.options());
  if (const auto* ops = device_ops(gate_up)) {
    ops->swiglu({.element = device::element_of(gate_up),
                 .gelu_tanh = act == GateActivation::gelu_tanh,
                 .rows = rows,
                 .inner = inner,
                 .gate_up = device::in(gate_up),
                 .y = device::out(y),
                 .dy = nullptr,
                 .d_gate_up = nullptr});
  } else {
    for_dtype(gate_up.scalar_type(), [&]<class T>() {
      parallel_items(rows, inner * kWorkAnElement, [&](int64_t begin, int64_t end) {
        swiglu_rows(in_ptr<T>(gate_up) + begin * 2 * inner, out_ptr<T>(y) + begin * inner,
                    end - begin, inner, act);
      });
    });
  }
  if (takes_gradient(gate_up)) {
    auto node = make_node<SwigluBackward>(gate_up);
    node->gate_up = save_input(gate_up);
    node->act = act;
    set_output(y, node);
  }
  return y;
}

}  // namespace cohort::kernels
