#include "model/layers/recompute.h"

#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"
#include "kernels/autograd_node.h"

namespace cohort {
namespace {

struct RecomputeBackward final : torch::autograd::Node {
  at::Tensor residual, normed;  // detached
  LayerFunction again;

  kernels::variable_list apply(kernels::variable_list&& grads) override {
    COHORT_CHECK(residual.defined(), "recompute: a second backward through a freed graph");
    const at::AutoGradMode with_graph(true);
    const kernels::variable_list inputs = {residual.detach().set_requires_grad(true),
                                           normed.detach().set_requires_grad(true)};
    const kernels::NormedResidual out = again({inputs[0], inputs[1]});
    kernels::variable_list outputs, output_grads;
    for (const auto& [output, grad] : {std::pair{out.residual, grads[0]}, {out.normed, grads[1]}})
      if (grad.defined()) {
        outputs.push_back(output);
        output_grads.push_back(grad);
      }
    if (outputs.empty()) return {at::Tensor(), at::Tensor()};
    return torch::autograd::grad(outputs, inputs, output_grads, /*retain_graph=*/std::nullopt,
                                 /*create_graph=*/false, /*allow_unused=*/true);
  }
  void release_variables() override {
    residual.reset();
    normed.reset();
  }
};

}  // namespace

kernels::NormedResidual recomputed_in_backward(const kernels::NormedResidual& x,
                                               const LayerFunction& first, LayerFunction again) {
  kernels::NormedResidual out;
  {
    const at::NoGradGuard without_graph;
    out = first(x);
  }
  auto node = kernels::make_node<RecomputeBackward>(x.residual, x.normed);
  node->residual = x.residual.detach();
  node->normed = x.normed.detach();
  node->again = std::move(again);
  kernels::set_output(out.residual, node);
  kernels::set_output(out.normed, node);
  return out;
}

}  // namespace cohort
