#include "kernels/swiglu/swiglu.h"

#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

Doubles reference(const Doubles& x, int64_t rows, int64_t inner) {
  Doubles y(rows * inner);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < inner; ++i) {
      const double g = x[r * 2 * inner + i], u = x[r * 2 * inner + inner + i];
      y[r * inner + i] = g / (1 + std::exp(-g)) * u;
    }
  }
  return y;
}

class Swiglu : public ::testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Dtypes, Swiglu, ::testing::Values(at::kFloat, at::kBFloat16));

TEST_P(Swiglu, AgreesWithDouble) {
  for (const int64_t inner : {1, 16, 37, 128}) {
    const at::Tensor x = shaped({5, 2 * inner}, inner, GetParam());
    expect_close(swiglu(x), reference(doubles(x), 5, inner), tolerance_of(GetParam()));
  }
}

TEST_P(Swiglu, GradientAgreesWithCentralDifferences) {
  const at::Tensor x = shaped({3, 38}, 1, GetParam()).requires_grad_();
  const at::Tensor dy = shaped({3, 19}, 2, GetParam());
  swiglu(x).backward(dy);
  expect_gradient(
      x.grad(), [&](const Doubles& v) { return dot(reference(v, 3, 19), doubles(dy)); }, doubles(x),
      GetParam() == at::kFloat ? 1e-5 : 2e-2);
}

TEST_P(Swiglu, AnElementHasTheSameBitsAtAnyPositionAndThreadCount) {
  const at::Tensor x = shaped({400, 2 * 67}, 3, GetParam());
  const auto [one, two] = with_one_and_two_threads([&] { return swiglu(x); });
  EXPECT_TRUE(same_bits(one, two));
  for (const int64_t row : {0, 123, 399}) {
    EXPECT_TRUE(same_bits(swiglu(x.narrow(0, row, 1).contiguous()), one.narrow(0, row, 1)));
  }
  // Column 66 stands in a tail; moved to column 0 of a narrow matrix it stands in another.
  at::Tensor pair = at::empty({400, 2}, x.options());
  pair.select(1, 0).copy_(x.select(1, 66));
  pair.select(1, 1).copy_(x.select(1, 67 + 66));
  EXPECT_TRUE(same_bits(swiglu(pair).select(1, 0), one.select(1, 66)));
}

TEST(SwigluLimits, HugeAndNotANumber) {
  at::Tensor x = at::zeros({1, 8}, at::TensorOptions().dtype(at::kFloat));
  float* p = x.mutable_data_ptr<float>();
  p[0] = 200.0f, p[1] = -200.0f, p[2] = std::nanf(""), p[3] = -88.0f;
  for (int i = 4; i < 8; ++i) p[i] = 1.0f;
  const Doubles y = doubles(swiglu(x));
  EXPECT_EQ(y[0], 200.0);
  EXPECT_EQ(y[1], 0.0);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_NEAR(y[3] / (-88.0 * std::exp(-88.0)), 1.0, 1e-4);
}

TEST(SwigluLimits, NoRowsAndNoGradient) {
  EXPECT_EQ(swiglu(shaped({0, 8}, 1)).size(0), 0);
  EXPECT_FALSE(swiglu(shaped({2, 8}, 1)).requires_grad());
}

}  // namespace
}  // namespace cohort::kernels
