#include "kernels/linear/linear.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <array>

#include "core/base/error.h"
#include "kernels/linear/gemm.h"
#include "kernels/linear/linear_device.h"
#include "kernels/memory/step_memory.h"

namespace cohort::kernels {
namespace {

using gemm::MicroKernels;

void check_product(const at::Tensor& a, int64_t inner, const at::Tensor& out, int64_t columns) {
  COHORT_CHECK(a.dim() == 2 && a.size(1) == inner, "linear: an input of {} columns, expected {}",
               a.size(-1), inner);
  COHORT_CHECK(out.dim() == 2 && out.size(0) == a.size(0) && out.size(1) == columns,
               "linear: the result must be [{}, {}]", a.size(0), columns);
  COHORT_CHECK(out.scalar_type() == at::kFloat || out.scalar_type() == a.scalar_type(),
               "linear: the result is fp32 or of the input's type");
}

void check_same_type(const at::Tensor& x, const Param& w) {
  COHORT_CHECK(x.scalar_type() == w.data.scalar_type(), "linear: x is {}, the weight {}",
               c10::toString(x.scalar_type()), c10::toString(w.data.scalar_type()));
}

// Gradients may come expanded (strides 0) or in fp32 where the weights are bf16.
at::Tensor as_operand(const at::Tensor& x, const Param& w) {
  const at::Tensor same = x.scalar_type() == w.data.scalar_type() ? x : x.to(w.data.scalar_type());
  return same.size(1) <= 1 || same.stride(1) == 1 ? same : same.contiguous();
}

void multiply(const at::Tensor& x, const Param& w, const gemm::PackedWeight& b,
              std::span<const int64_t> offsets, at::Tensor& out) {
  check_product(x, b.inner, out, b.columns);
  gemm::multiply(gemm::micro_kernels(x.scalar_type(), w.format), gemm::rows_of(x), offsets, b,
                 gemm::target_of(out));
}

const device::DeviceOps* ops_of(const at::Tensor& x, const Param& w) {
  const auto* ops = device_ops(x);
  COHORT_CHECK(ops == nullptr || w.format == WeightFormat::same,
               "linear: 8-bit weights are for the CPU");
  return ops;
}

void check_weight_grad(const at::Tensor& dy, const at::Tensor& x, const Param& w) {
  COHORT_CHECK(w.trainable(), "a weight gradient is asked for, but the weight is frozen");
  COHORT_CHECK(
      dy.size(0) == x.size(0) && dy.size(1) == w.data.size(-2) && x.size(1) == w.data.size(-1),
      "linear: gradient of a [{}, {}] weight from dy [{}, {}] and x [{}, {}]", w.data.size(-2),
      w.data.size(-1), dy.size(0), dy.size(1), x.size(0), x.size(1));
  COHORT_CHECK(w.grad.scalar_type() == at::kFloat && w.grad.dim() == w.data.dim() + 1 &&
                   w.grad.select(0, 0).is_contiguous(),
               "a weight's gradient is fp32 [shards, ...], contiguous within a shard");
}

// The graph's node of y = linear(x, w): the weight's gradient goes to w.grad, x's flows on.
class LinearBackward : public torch::autograd::Node {
 public:
  LinearBackward(const at::Tensor& x, const Param& w, RowShards shards)
      : x_(x), w_(&w), shards_(std::move(shards)) {}

  std::string name() const override { return "cohort::linear"; }
  void release_variables() override { x_.reset(); }

 protected:
  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    COHORT_CHECK(x_.defined(), "linear: a second backward through a freed graph");
    const at::Tensor dy = as_operand(grads[0], *w_);
    if (w_->trainable()) {
      COHORT_CHECK(shards_ != nullptr, "linear: a trainable weight needs the rows of its shards");
      linear_weight_grad(dy, x_, *w_, *shards_);
    }
    if (!task_should_compute_output(0)) return {at::Tensor()};
    at::Tensor dx = at::empty({dy.size(0), w_->data.size(1)}, dy.options());
    linear_input_grad_out(dy, *w_, dx);
    return {dx};
  }

 private:
  at::Tensor x_;
  const Param* w_;
  RowShards shards_;
};

}  // namespace

at::Tensor linear(const at::Tensor& x, const Param& w, const RowShards& shards, bool fp32_out) {
  at::Tensor y =
      result({x.size(0), w.data.size(0)}, fp32_out ? x.options().dtype(at::kFloat) : x.options());
  linear_out(x, w, y);
  if (c10::GradMode::is_enabled() && x.requires_grad()) {
    COHORT_CHECK(w.format == WeightFormat::same, "linear: no gradient flows through 8-bit weights");
    auto node = std::shared_ptr<LinearBackward>(new LinearBackward(x, w, shards),
                                                torch::autograd::deleteNode);
    node->set_next_edges(torch::autograd::collect_next_edges(x));
    torch::autograd::set_history(y, node);
  }
  return y;
}

void linear_out(const at::Tensor& x, const Param& w, at::Tensor& out) {
  check_same_type(x, w);
  COHORT_CHECK(w.data.dim() == 2, "linear: the weight must be [N, K]");
  const std::array<int64_t, 2> all{0, x.size(0)};
  if (const auto* ops = ops_of(x, w)) return device_multiply(*ops, x, w, all, false, out);
  multiply(x, w, gemm::packed_forward(w), all, out);
}

void linear_input_grad_out(const at::Tensor& dy, const Param& w, at::Tensor& dx) {
  const std::array<int64_t, 2> all{0, dy.size(0)};
  if (const auto* ops = device_ops(dy))
    return device_multiply(*ops, as_operand(dy, w), w, all, true, dx);
  multiply(as_operand(dy, w), w, gemm::packed_backward(w), all, dx);
}

void linear_part_out(const at::Tensor& x, const WeightPart& part, at::Tensor& out) {
  check_same_type(x, part.w);
  const std::array<int64_t, 2> all{0, x.size(0)};
  multiply(x, part.w, gemm::part_of_columns(gemm::packed_forward(part.w), part.first, part.count),
           all, out);
}

void linear_part_input_grad(const at::Tensor& dy, const WeightPart& part, at::Tensor& dx) {
  check_same_type(dy, part.w);
  COHORT_CHECK(dx.scalar_type() == at::kFloat, "linear: the sum over parts is fp32");
  const gemm::MicroKernels& kernels = gemm::micro_kernels(dy.scalar_type());
  const gemm::PackedWeight b =
      gemm::part_of_inner(gemm::packed_backward(part.w), kernels.element, part.first, part.count);
  check_product(dy, b.inner, dx, b.columns);
  const std::array<int64_t, 2> all{0, dy.size(0)};
  gemm::Target2D target = gemm::target_of(dx);
  target.output = gemm::Output::kOntoFp32;
  gemm::multiply(kernels, gemm::rows_of(dy), all, b, target);
}

void linear_part_weight_grad(const at::Tensor& dy, const at::Tensor& x, const WeightPart& part,
                             int64_t shard) {
  const at::Tensor& grad = part.w.grad;
  const int64_t columns = part.w.data.size(1);
  COHORT_CHECK(part.w.trainable() && dy.size(0) == x.size(0) && dy.size(1) == part.count &&
                   x.size(1) == columns && grad.select(0, shard).is_contiguous(),
               "linear: gradient of {} rows of a [{}, {}] weight from dy [{}, {}]", part.count,
               part.w.data.size(0), columns, dy.size(0), dy.size(1));
  const std::array<gemm::WeightGradSegment, 1> segment{
      {{0, x.size(0), grad.data_ptr<float>() + shard * grad.stride(0) + part.first * columns}}};
  gemm::weight_grad(gemm::micro_kernels(x.scalar_type()), gemm::rows_of(dy), gemm::rows_of(x),
                    part.count, columns, segment);
}

void grouped_linear_out(const at::Tensor& x, const Param& w, const std::vector<int64_t>& offsets,
                        bool transposed, at::Tensor& out) {
  COHORT_CHECK(w.data.dim() == 3 && static_cast<int64_t>(offsets.size()) == w.data.size(0) + 1 &&
                   offsets.front() == 0 && offsets.back() == x.size(0),
               "grouped linear: {} offsets must cover {} rows of {} groups", offsets.size(),
               x.size(0), w.data.size(0));
  check_same_type(x, w);
  if (const auto* ops = ops_of(x, w)) return device_multiply(*ops, x, w, offsets, transposed, out);
  multiply(x, w, transposed ? gemm::packed_backward(w) : gemm::packed_forward(w), offsets, out);
}

void linear_weight_grad(const at::Tensor& dy_any, const at::Tensor& x, const Param& w,
                        const std::vector<int64_t>& shard_offsets) {
  const at::Tensor dy = as_operand(dy_any, w);
  check_weight_grad(dy, x, w);
  COHORT_CHECK(static_cast<int64_t>(shard_offsets.size()) == w.grad.size(0) + 1 &&
                   shard_offsets.front() == 0 && shard_offsets.back() == x.size(0),
               "linear: the shards must cover {} rows, {} gradient slices", x.size(0),
               w.grad.size(0));
  if (const auto* ops = device_ops(x)) return device_weight_grad(*ops, dy, x, w, shard_offsets);
  float* grad = w.grad.data_ptr<float>();
  std::vector<gemm::WeightGradSegment> segments;
  for (int64_t s = 0; s < w.grad.size(0); ++s) {
    segments.push_back({shard_offsets[s], shard_offsets[s + 1], grad + s * w.grad.stride(0)});
  }
  gemm::weight_grad(gemm::micro_kernels(x.scalar_type()), gemm::rows_of(dy), gemm::rows_of(x),
                    w.data.size(0), w.data.size(1), segments);
}

void grouped_weight_grad(const at::Tensor& dy_any, const at::Tensor& x, const Param& w,
                         const std::vector<int64_t>& segments) {
  const at::Tensor dy = as_operand(dy_any, w);
  check_weight_grad(dy, x, w);
  if (const auto* ops = device_ops(x)) return device_weight_grad(*ops, dy, x, w, segments);
  gemm::weight_grad(gemm::micro_kernels(x.scalar_type()), gemm::rows_of(dy), gemm::rows_of(x),
                    w.data.size(1), w.data.size(2), gemm::grouped_segments(w, segments));
}

const char* linear_kernel_name(at::ScalarType dtype) { return gemm::micro_kernels(dtype).name; }
const char* linear_kernel_name(const at::Tensor& weight) {
  return device_ops(weight) != nullptr ? "cuda" : linear_kernel_name(weight.scalar_type());
}

}  // namespace cohort::kernels
