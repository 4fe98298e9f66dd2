#include "kernels/device/roofline.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace cohort::kernels {
namespace {

constexpr int kRounds = 5;
constexpr double kRoundSeconds = 0.05;

// Waits for the work that ends in x: the bytes cannot come before.
void wait_for(const at::Tensor& x) { x.view(-1).narrow(0, 0, 1).cpu(); }

// Seconds of one call of `work`, whose result is x: the best of some rounds of many calls.
template <class Work>
double seconds_of(const at::Tensor& x, const Work& work) {
  const auto round = [&](int64_t calls) {
    const auto begin = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < calls; ++i) work();
    wait_for(x);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  round(1);  // libraries choose and load their kernels
  const auto calls = static_cast<int64_t>(std::clamp(kRoundSeconds / round(1), 1.0, 10000.0));
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRounds; ++i)
    best = std::min(best, round(calls) / static_cast<double>(calls));
  return best;
}

// Values of [-1, 1] that differ: a GPU multiplies equal ones with less power, so faster.
at::Tensor uneven(int64_t count, at::Device device) {
  return at::arange(count, at::TensorOptions().device(device).dtype(at::kFloat))
      .remainder(251)
      .div(125)
      .sub(1);
}

double flops(at::Device device, at::ScalarType type, int64_t size) {
  const at::TensorOptions options = at::TensorOptions().device(device).dtype(type);
  const at::Tensor a = uneven(size * size, device).to(type).view({size, size});
  const at::Tensor b = a.clone();
  at::Tensor c = at::empty({size, size}, options);
  const double n = static_cast<double>(size);
  return 2 * n * n * n / seconds_of(c, [&] { at::mm_out(c, a, b); });
}

}  // namespace

Roofline measure_roofline(at::Device device, int64_t size, int64_t bytes) {
  const at::NoGradGuard no_grad;
  const at::TensorOptions options = at::TensorOptions().device(device).dtype(at::kFloat);
  const int64_t floats = bytes / static_cast<int64_t>(sizeof(float));
  const at::Tensor from = at::ones({floats}, options);
  at::Tensor to = at::empty({floats}, options);
  const double copy = seconds_of(to, [&] { to.copy_(from); });
  return {.bf16_flops = flops(device, at::kBFloat16, size),
          .fp32_flops = flops(device, at::kFloat, size),
          .bytes = 2 * sizeof(float) * static_cast<double>(floats) / copy};
}

}  // namespace cohort::kernels
