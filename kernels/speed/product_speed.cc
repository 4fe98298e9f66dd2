#include "kernels/speed/product_speed.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>

#include "kernels/linear/linear.h"
#include "kernels/speed/library_threads.h"

namespace cohort::kernels {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<int64_t>(values.size()) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Seconds of one call, over calls that take at least `seconds` together.
template <class Call>
double time_calls(double seconds, const Call& call) {
  const auto start = Clock::now();
  double taken = 0;
  int64_t calls = 0;
  while (taken < seconds || calls == 0) {
    call();
    ++calls;
    taken = seconds_since(start);
  }
  return taken / static_cast<double>(calls);
}

}  // namespace

ProductBench::ProductBench(int64_t columns, int64_t inner, at::ScalarType dtype,
                           int64_t weight_bytes) {
  const c10::NoGradGuard no_grad;
  const at::Tensor weight = at::randn({columns, inner}).to(dtype);
  const auto bytes = static_cast<int64_t>(weight.nbytes());
  const int64_t copies = std::max<int64_t>(1, (weight_bytes + bytes - 1) / bytes);
  const at::Tensor row = at::ones({1, inner}, weight.options());
  weights_.resize(static_cast<size_t>(copies));
  for (Param& w : weights_) {
    w.data = weight.clone();
    linear(row, w, nullptr);  // packs it
  }
}

int64_t ProductBench::weight_bytes() const {
  return static_cast<int64_t>(weights_.size() * weights_.front().data.nbytes());
}

ProductSpeed ProductBench::measure(int64_t rows, int rounds, double seconds) {
  const c10::NoGradGuard no_grad;
  const at::Tensor& first = weights_.front().data;
  const at::Tensor x = at::randn({rows, first.size(1)}).to(first.scalar_type());
  size_t next = 0;
  const auto next_weight = [&]() -> const Param& { return weights_[next++ % weights_.size()]; };
  // A result of its own for each product would time the system's clearing of its pages.
  at::Tensor y = at::empty({rows, first.size(0)}, x.options());
  const auto ours = [&] { linear_out(x, next_weight(), y); };
  const auto library = [&] { at::linear_out(y, x, next_weight().data); };
  ours();
  std::vector<double> our_times, library_times;
  for (int round = 0; round < rounds; ++round) {
    our_times.push_back(time_calls(seconds, ours));
    const LibraryThreads threads;
    library();  // wakes them
    library_times.push_back(time_calls(seconds, library));
  }
  return {median(our_times), median(library_times)};
}

double library_peak(at::ScalarType dtype) {
  const c10::NoGradGuard no_grad;
  constexpr int64_t kSize = 2048;
  const at::Tensor x = at::randn({kSize, kSize}).to(dtype), w = at::randn({kSize, kSize}).to(dtype);
  at::Tensor y = at::empty({kSize, kSize}, x.options());
  const LibraryThreads threads;
  const auto product = [&] { at::linear_out(y, x, w); };
  product();
  double fastest = time_calls(0, product);
  for (int i = 0; i < 4; ++i) fastest = std::min(fastest, time_calls(0, product));
  return 2.0 * kSize * kSize * kSize / fastest / 1e9;
}

}  // namespace cohort::kernels
