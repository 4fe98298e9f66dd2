// Differentiable ops as autograd nodes: the backward is apply(), what it needs are fields. Included
// by the few .cc files that define nodes. A Param that a node holds must live until the backward
// has run.
#pragma once

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <memory>

namespace cohort::kernels {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

inline bool takes_gradient(const at::Tensor& x) {
  return at::GradMode::is_enabled() && x.requires_grad();
}

// A node whose inputs are `inputs`: apply() returns one gradient for each, in this order.
template <class N, class... Tensors>
std::shared_ptr<N> make_node(const Tensors&... inputs) {
  std::shared_ptr<N> node(new N(), torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs...));
  return node;
}

// Makes `output` the next output of the node.
inline void set_output(const at::Tensor& output,
                       const std::shared_ptr<torch::autograd::Node>& node) {
  torch::autograd::set_history(output, node);
}

inline SavedVariable save_input(const at::Tensor& x) { return SavedVariable(x, false); }

}  // namespace cohort::kernels
