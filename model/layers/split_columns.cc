#include "model/layers/split_columns.h"

#include "core/base/error.h"
#include "kernels/autograd_node.h"
#include "kernels/memory/step_memory.h"

namespace cohort {
namespace {

// Plain tensors that share x's memory: autograd must not record the slicing beside our own node.
ColumnSlices views(const at::Tensor& x, at::IntArrayRef widths) {
  ColumnSlices slices;
  int64_t begin = 0;
  for (int64_t width : widths) {
    slices.push_back(kernels::view_column_range(x, begin, width));
    begin += width;
  }
  COHORT_CHECK_EQ(begin, x.size(1));
  return slices;
}

struct SplitColumnsBackward final : torch::autograd::Node {
  std::vector<int64_t> widths;
  int64_t rows = 0;
  at::TensorOptions options;

  kernels::variable_list apply(kernels::variable_list&& grads) override {
    int64_t total = 0;
    for (int64_t width : widths) total += width;
    at::Tensor dx = at::empty({rows, total}, options);
    const ColumnSlices slices = views(dx, widths);
    for (size_t i = 0; i < slices.size(); ++i) {
      if (grads[i].defined()) {
        slices[i].copy_(grads[i]);
      } else {
        slices[i].zero_();
      }
    }
    return {dx};
  }
};

}  // namespace

ColumnSlices split_columns(const at::Tensor& x, at::IntArrayRef widths) {
  ColumnSlices slices = views(x, widths);
  if (kernels::takes_gradient(x)) {
    auto node = kernels::make_node<SplitColumnsBackward>(x);
    node->widths = widths.vec();
    node->rows = x.size(0);
    node->options = x.options();
    for (const at::Tensor& slice : slices) kernels::set_output(slice, node);
  }
  return slices;
}

}  // namespace cohort
