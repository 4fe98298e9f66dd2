#include "kernels/bias/bias.h"

#include <ATen/ops/add.h>

#include <numeric>

#include "kernels/autograd_node.h"
#include "kernels/math/scalar.h"
#include "kernels/op_support.h"
#include "kernels/rows/rows_device.h"

namespace cohort::kernels {
namespace {

// grad += the rows [begin, end) of dy, in order; threads take columns.
void add_rows(const at::Tensor& dy, int64_t begin, int64_t end, float* grad) {
  const int64_t dim = dy.size(1);
  if (const auto* ops = device_ops(dy)) {
    std::vector<int64_t> source(static_cast<size_t>(end - begin));
    std::iota(source.begin(), source.end(), begin);
    device_sum_rows(*ops, dy, {{0}, {0, end - begin}, source}, /*add=*/true, grad);
    return;
  }
  for_dtype(dy.scalar_type(), [&]<class T>() {
    const T* rows = in_ptr<T>(dy);
    parallel_items(column_chunks(dim), (end - begin) * kColumnChunk,
                   [&](int64_t first, int64_t last) {
                     const int64_t from = first * kColumnChunk;
                     const int64_t to = std::min(last * kColumnChunk, dim);
                     for (int64_t r = begin; r < end; ++r)
                       for (int64_t c = from; c < to; ++c) grad[c] += to_float(rows[r * dim + c]);
                   });
  });
}

struct BiasBackward final : torch::autograd::Node {
  const Param* b = nullptr;
  RowShards shards;

  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined() || !b->trainable()) return {grads[0]};
    const at::Tensor dy = grads[0].contiguous();
    COHORT_CHECK(shards && b->grad.size(0) + 1 == static_cast<int64_t>(shards->size()) &&
                     shards->back() == dy.size(0),
                 "add_bias: the row shards do not match b.grad or the rows");
    for (size_t s = 0; s + 1 < shards->size(); ++s)
      add_rows(dy, (*shards)[s], (*shards)[s + 1],
               static_cast<float*>(b->grad.mutable_data_ptr()) +
                   static_cast<int64_t>(s) * b->grad.stride(0));
    return {dy};
  }
};

}  // namespace

at::Tensor add_bias(const at::Tensor& x, const Param& b, const RowShards& shards) {
  COHORT_CHECK(x.dim() == 2 && x.is_contiguous() && b.data.dim() == 1 &&
                   b.data.size(0) == x.size(1) && b.data.scalar_type() == x.scalar_type(),
               "add_bias: x is contiguous [M, N] and b [N] of its dtype");
  at::Tensor y;
  {
    const at::NoGradGuard no_grad;
    y = at::add(x, b.data);  // element by element: no bit depends on other rows
  }
  if (takes_gradient(x)) {
    auto node = make_node<BiasBackward>(x);
    node->b = &b;
    node->shards = shards;
    set_output(y, node);
  }
  return y;
}

}  // namespace cohort::kernels
