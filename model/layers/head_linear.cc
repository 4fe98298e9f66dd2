#include "model/layers/head_linear.h"

#include "core/base/error.h"
#include "kernels/autograd_node.h"
#include "kernels/device/device.h"
#include "kernels/linear/linear.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"

namespace cohort {
namespace {

// x[t, h, :width] as row h * T + t of [heads * T, width]: a group of rows a head.
at::Tensor by_head(const at::Tensor& any, int64_t width) {
  const at::Tensor x = any.contiguous();
  const int64_t rows = x.size(0), heads = x.size(1), wide = x.size(2);
  if (kernels::device_ops(x) != nullptr)
    return x.narrow(2, 0, width).transpose(0, 1).contiguous().view({heads * rows, width});
  at::Tensor grouped = kernels::result({heads * rows, width}, x.options());
  kernels::for_dtype(x.scalar_type(), [&]<class T>() {
    const T* in = kernels::in_ptr<T>(x);
    T* out = kernels::out_ptr<T>(grouped);
    kernels::parallel_items(rows, heads * width, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t)
        for (int64_t h = 0; h < heads; ++h)
          std::copy_n(in + (t * heads + h) * wide, width, out + (h * rows + t) * width);
    });
  });
  return grouped;
}

// The other way, followed by the columns of `any` [T, heads, wide] from `passed_from` on.
at::Tensor by_row(const at::Tensor& grouped, const at::Tensor& any, int64_t passed_from) {
  const at::Tensor x = any.contiguous();
  const int64_t rows = x.size(0), heads = x.size(1), wide = x.size(2);
  const int64_t width = grouped.size(1), rest = wide - passed_from;
  at::Tensor y = kernels::result({rows, heads, width + rest}, x.options());
  if (kernels::device_ops(x) != nullptr) {
    y.narrow(2, 0, width).copy_(grouped.view({heads, rows, width}).transpose(0, 1));
    y.narrow(2, width, rest).copy_(x.narrow(2, passed_from, rest));
    return y;
  }
  kernels::for_dtype(x.scalar_type(), [&]<class T>() {
    const T* in = kernels::in_ptr<T>(grouped);
    const T* passed = kernels::in_ptr<T>(x);
    T* out = kernels::out_ptr<T>(y);
    kernels::parallel_items(rows, heads * (width + rest), [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t)
        for (int64_t h = 0; h < heads; ++h) {
          T* row = out + (t * heads + h) * (width + rest);
          std::copy_n(in + (h * rows + t) * width, width, row);
          std::copy_n(passed + (t * heads + h) * wide + passed_from, rest, row + width);
        }
    });
  });
  return y;
}

at::Tensor grouped_product(const at::Tensor& grouped, const kernels::Param& w, HeadMap map) {
  const int64_t heads = w.data.size(0), rows = grouped.size(0) / heads;
  std::vector<int64_t> offsets;
  for (int64_t h = 0; h <= heads; ++h) offsets.push_back(h * rows);
  at::Tensor out = kernels::result({grouped.size(0), w.data.size(map == HeadMap::up ? 1 : 2)},
                                   grouped.options());
  kernels::grouped_linear_out(grouped, w, offsets, map == HeadMap::down, out);
  return out;
}

struct HeadLinearBackward final : torch::autograd::Node {
  at::Tensor grouped_x;
  std::shared_ptr<HeadWeights> weights;
  HeadMap map = HeadMap::up;
  kernels::RowShards shards;

  kernels::variable_list apply(kernels::variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    COHORT_CHECK(grouped_x.defined(), "head_linear: a second backward through a freed graph");
    const kernels::Param& w = weights->current();
    const at::Tensor& dy = grads[0];
    const int64_t out = w.data.size(map == HeadMap::up ? 1 : 2);
    const at::Tensor grouped_dy = by_head(dy, out);
    if (weights->trainable()) add_weight_gradient(w, grouped_dy);
    const HeadMap back = map == HeadMap::up ? HeadMap::down : HeadMap::up;
    return {by_row(grouped_product(grouped_dy, w, back), dy, out)};
  }
  void release_variables() override { grouped_x.reset(); }

  void add_weight_gradient(const kernels::Param& w, const at::Tensor& grouped_dy) const {
    const int64_t heads = w.data.size(0), rows = grouped_dy.size(0) / heads;
    std::vector<int64_t> segments;
    for (int64_t h = 0; h < heads; ++h)
      for (size_t s = 0; s + 1 < shards->size(); ++s) segments.push_back(h * rows + (*shards)[s]);
    segments.push_back(heads * rows);
    kernels::Param part;
    part.data = w.data;
    part.grad =
        at::zeros({static_cast<int64_t>(shards->size()) - 1, heads, w.data.size(1), w.data.size(2)},
                  w.data.options().dtype(at::kFloat));
    // dW = dY^T X of the map up; down is its transpose, where X takes the place of dY.
    if (map == HeadMap::up) {
      kernels::grouped_weight_grad(grouped_dy, grouped_x, part, segments);
    } else {
      kernels::grouped_weight_grad(grouped_x, grouped_dy, part, segments);
    }
    weights->add_gradient(part.grad);
  }
};

}  // namespace

HeadWeights::HeadWeights(const kernels::Param& source, int64_t heads, int64_t first, int64_t rows)
    : source_(source), heads_(heads), first_(first), rows_(rows) {
  copy_.version = -1;
}

at::Tensor HeadWeights::slice(const at::Tensor& blocks) const {
  std::vector<int64_t> shape = blocks.sizes().vec();
  const int64_t latent = shape.back();
  shape.pop_back();
  const int64_t block = shape.back() / heads_;
  shape.back() = heads_;
  shape.insert(shape.end(), {block, latent});
  return blocks.view(shape).narrow(-2, first_, rows_);
}

const kernels::Param& HeadWeights::current() {
  if (copy_.version != source_.version) {
    copy_.data = slice(source_.data).contiguous();
    copy_.version = source_.version;
  }
  return copy_;
}

void HeadWeights::add_gradient(const at::Tensor& grad) const { slice(source_.grad).add_(grad); }

at::Tensor head_linear(const at::Tensor& x, const std::shared_ptr<HeadWeights>& w, HeadMap map,
                       const kernels::RowShards& shards) {
  const kernels::Param& weight = w->current();
  const int64_t in = weight.data.size(map == HeadMap::up ? 2 : 1);
  COHORT_CHECK(x.dim() == 3 && x.size(1) == weight.data.size(0) && x.size(2) >= in,
               "head_linear: x is [T, {}, {} or more]", weight.data.size(0), in);
  const bool recorded = kernels::takes_gradient(x);
  const at::NoGradGuard own_node_only;
  const at::Tensor grouped = by_head(x, in);
  at::Tensor y = by_row(grouped_product(grouped, weight, map), x, in);
  if (recorded) {
    COHORT_CHECK(!w->trainable() || shards != nullptr,
                 "head_linear: a trainable weight needs the rows of its shards");
    auto node = kernels::make_node<HeadLinearBackward>(x);
    node->grouped_x = grouped;
    node->weights = w;
    node->map = map;
    node->shards = shards;
    kernels::set_output(y, node);
  }
  return y;
}

}  // namespace cohort
