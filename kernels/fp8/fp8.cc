#include "kernels/fp8/fp8.h"

#include <ATen/ops/empty.h>

#include "kernels/device/device.h"

namespace cohort::kernels {
namespace {

// Copies take 16 codes at a time.
constexpr int64_t kCodesACopy = 16;

int64_t blocks(int64_t size) { return (size + kFp8Block - 1) / kFp8Block; }

Fp8Blocks quantize(const at::Tensor& x, int64_t height) {
  COHORT_CHECK(x.dim() == 2 && x.size(1) % kCodesACopy == 0 && (x.size(1) <= 1 || x.stride(1) == 1),
               "fp8: rows must be contiguous, of a multiple of {} columns", kCodesACopy);
  const auto* ops = device_ops(x);
  COHORT_CHECK(ops != nullptr, "fp8: the device library alone has this operation");
  const int64_t rows = x.size(0), columns = x.size(1);
  Fp8Blocks y{at::empty({rows, columns}, x.options().dtype(at::kByte)),
              at::empty({height == 1 ? rows : blocks(rows), blocks(columns)},
                        x.options().dtype(at::kFloat)),
              height};
  ops->fp8_quantize({.element = device::element_of(x),
                     .rows = rows,
                     .columns = columns,
                     .height = height,
                     .x = device::in(x),
                     .x_row = x.stride(0),
                     .codes = device::out_as<uint8_t>(y.codes),
                     .scales = device::out_as<float>(y.scales)});
  return y;
}

}  // namespace

Fp8Blocks fp8_rows(const at::Tensor& x) { return quantize(x, 1); }
Fp8Blocks fp8_weight(const at::Tensor& w) { return quantize(w, kFp8Block); }

at::Tensor fp8_linear(const Fp8Blocks& x, const Fp8Blocks& w, at::ScalarType type) {
  const int64_t inner = x.codes.size(1);
  COHORT_CHECK(x.height == 1 && w.height == kFp8Block && w.codes.size(1) == inner &&
                   inner % kCodesACopy == 0 && x.codes.is_contiguous() && w.codes.is_contiguous(),
               "fp8: rows [{}, {}] by a weight [{}, {}]", x.codes.size(0), inner, w.codes.size(0),
               w.codes.size(1));
  const auto* ops = device_ops(x.codes);
  COHORT_CHECK(ops != nullptr, "fp8: the device library alone has this operation");
  at::Tensor y = at::empty({x.codes.size(0), w.codes.size(0)}, x.codes.options().dtype(type));
  ops->fp8_gemm({.out_element = device::element_of(y),
                 .rows = y.size(0),
                 .columns = y.size(1),
                 .inner = inner,
                 .x = device::in_as<uint8_t>(x.codes),
                 .w = device::in_as<uint8_t>(w.codes),
                 .x_scales = device::in_as<float>(x.scales),
                 .w_scales = device::in_as<float>(w.scales),
                 .out = device::out(y)});
  return y;
}

}  // namespace cohort::kernels
