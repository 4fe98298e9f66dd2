// What the tests of the ops share: shaped inputs, bits, and gradients against central differences
// in double.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "core/base/threads.h"
#include "kernels/param.h"

namespace cohort::kernels {

using Doubles = std::vector<double>;

// Normal values, every eleventh ten times as large: uniform noise would leave every softmax flat.
inline at::Tensor shaped(at::IntArrayRef sizes, uint64_t seed, at::ScalarType dtype = at::kFloat) {
  at::Tensor x = at::empty(sizes, at::TensorOptions().dtype(at::kFloat));
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal;
  float* p = x.mutable_data_ptr<float>();
  for (int64_t i = 0; i < x.numel(); ++i) p[i] = normal(generator) * (i % 11 == 7 ? 10.0f : 1.0f);
  return x.to(dtype);
}

inline Doubles doubles(const at::Tensor& x) {
  const at::Tensor d = x.detach().to(at::kDouble).contiguous();
  const double* p = d.const_data_ptr<double>();
  return Doubles(p, p + d.numel());
}

inline at::Tensor ints(const std::vector<int32_t>& values) {
  at::Tensor x =
      at::empty({static_cast<int64_t>(values.size())}, at::TensorOptions().dtype(at::kInt));
  std::copy(values.begin(), values.end(), x.mutable_data_ptr<int32_t>());
  return x;
}

inline ::testing::AssertionResult same_bits(const at::Tensor& a_in, const at::Tensor& b_in) {
  if (a_in.sizes() != b_in.sizes() || a_in.scalar_type() != b_in.scalar_type()) {
    return ::testing::AssertionFailure() << "another shape or dtype";
  }
  const at::Tensor a = a_in.detach().contiguous(), b = b_in.detach().contiguous();
  const size_t size = a.element_size();
  const char* pa = static_cast<const char*>(a.const_data_ptr());
  const char* pb = static_cast<const char*>(b.const_data_ptr());
  for (int64_t i = 0; i < a.numel(); ++i) {
    if (std::memcmp(pa + i * size, pb + i * size, size) != 0) {
      return ::testing::AssertionFailure() << "element " << i << " of " << a.numel() << " differs";
    }
  }
  return ::testing::AssertionSuccess();
}

// |got - want| <= tolerance * (1 + |want|) everywhere.
inline void expect_close(const at::Tensor& got, const Doubles& want, double tolerance) {
  const Doubles values = doubles(got);
  ASSERT_EQ(values.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_LE(std::abs(values[i] - want[i]), tolerance * (1 + std::abs(want[i])))
        << "element " << i << ": " << values[i] << " against " << want[i];
  }
}

// Every gradient element against central differences of a loss in double.
inline void expect_gradient(const at::Tensor& grad,
                            const std::function<double(const Doubles&)>& loss, Doubles x,
                            double tolerance) {
  ASSERT_TRUE(grad.defined());
  const Doubles got = doubles(grad);
  ASSERT_EQ(got.size(), x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double step = 1e-5 * (1 + std::abs(x[i])), kept = x[i];
    x[i] = kept + step;
    const double above = loss(x);
    x[i] = kept - step;
    const double below = loss(x);
    x[i] = kept;
    const double want = (above - below) / (2 * step);
    ASSERT_LE(std::abs(got[i] - want), tolerance * (1 + std::abs(want)))
        << "element " << i << ": " << got[i] << " against " << want;
  }
}

inline double dot(const Doubles& a, const Doubles& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// A weight with a gradient of `shards` shards (0: frozen).
inline Param make_param(const at::Tensor& data, int64_t shards) {
  Param p;
  p.data = data;
  if (shards > 0) {
    std::vector<int64_t> sizes = data.sizes().vec();
    sizes.insert(sizes.begin(), shards);
    p.grad = at::zeros(sizes, at::TensorOptions().dtype(at::kFloat));
  }
  return p;
}

inline RowShards row_shards(std::vector<int64_t> offsets) {
  return std::make_shared<const std::vector<int64_t>>(std::move(offsets));
}

// Runs fn with one and then two threads and returns both results.
template <class Fn>
auto with_one_and_two_threads(const Fn& fn) {
  const int before = num_threads();
  set_num_threads(1);
  auto one = fn();
  set_num_threads(2);
  auto two = fn();
  set_num_threads(before);
  return std::make_pair(one, two);
}

// Tolerances by dtype: inputs are exact in both, so bf16 differs by its own rounding of results.
inline double tolerance_of(at::ScalarType dtype) { return dtype == at::kFloat ? 1e-5 : 1e-2; }

}  // namespace cohort::kernels
