#include "kernels/optimizer/flat_ops.h"

#include <ATen/ops/empty.h>

#include <bit>

#include "kernels/device/device.h"

namespace cohort::kernels {
namespace {

std::span<float> floats(const at::Tensor& x) {
  return {x.data_ptr<float>(), static_cast<size_t>(x.numel())};
}

}  // namespace

void adamw_update(const at::Tensor& master, const at::Tensor& m, const at::Tensor& v,
                  const at::Tensor& grad, const AdamWStep& step) {
  const auto* ops = device_ops(master);
  if (ops == nullptr) return adamw_update(floats(master), floats(m), floats(v), floats(grad), step);
  COHORT_CHECK(
      m.numel() == master.numel() && v.numel() == master.numel() && grad.numel() == master.numel(),
      "AdamW: buffers of one size");
  const AdamWCoefficients c = adamw_coefficients(step);
  ops->adamw({.size = master.numel(),
              .w = master.data_ptr<float>(),
              .m = m.data_ptr<float>(),
              .v = v.data_ptr<float>(),
              .grad = grad.data_ptr<float>(),
              .grad_scale = c.grad_scale,
              .beta1 = c.beta1,
              .one_minus_beta1 = c.one_minus_beta1,
              .beta2 = c.beta2,
              .one_minus_beta2 = c.one_minus_beta2,
              .inv_correction1 = c.inv_correction1,
              .inv_correction2 = c.inv_correction2,
              .eps = c.eps,
              .lr = c.lr,
              .weight_decay = c.weight_decay});
}

std::vector<double> block_sums_of_squares(const at::Tensor& x) {
  const int64_t blocks = (x.numel() + kNormBlock - 1) / kNormBlock;
  std::vector<double> sums(static_cast<size_t>(blocks));
  const auto* ops = device_ops(x);
  if (ops == nullptr) {
    block_sums_of_squares(floats(x), sums);
    return sums;
  }
  const at::Tensor out = at::empty({blocks}, x.options().dtype(at::kDouble));
  ops->sums_of_squares({.size = x.numel(),
                        .block = kNormBlock,
                        .x = x.data_ptr<float>(),
                        .sums = out.data_ptr<double>()});
  const at::Tensor host = out.cpu();
  std::copy_n(host.const_data_ptr<double>(), blocks, sums.begin());
  return sums;
}

void round_to_bf16(const at::Tensor& in, const at::Tensor& out) {
  if (device_ops(in) != nullptr) {
    out.copy_(in);  // LibTorch's conversion is to nearest even, too
    return;
  }
  round_to_bf16(floats(in),
                {static_cast<uint16_t*>(out.data_ptr()), static_cast<size_t>(out.numel())});
}

void device_tree_sum(const at::Tensor& parts, const at::Tensor& out) {
  const auto* ops = device_ops(parts);
  COHORT_CHECK(ops != nullptr, "device_tree_sum: the parts are not in device memory");
  COHORT_CHECK(std::has_single_bit(static_cast<uint64_t>(parts.size(0))),
               "{} parts: not a power of two", parts.size(0));
  ops->tree_sum({.size = out.numel(),
                 .parts = parts.size(0),
                 .part_stride = parts.stride(0),
                 .in = parts.data_ptr<float>(),
                 .out = out.data_ptr<float>()});
}

}  // namespace cohort::kernels
