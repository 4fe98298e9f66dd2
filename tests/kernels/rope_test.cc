#include "kernels/rope/rope.h"

#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

RopeConfig deepseek_yarn() {
  RopeConfig c;
  c.rotary = 64;
  c.factor = 40;
  c.mscale = 1;
  c.mscale_all_dim = 1;
  return c;
}

// The pair of every j rotated by position * frequency; out in half-split order.
Doubles reference(const Doubles& x, const RopeTable& table, const std::vector<int32_t>& positions,
                  int64_t heads, int64_t dim, bool interleaved) {
  const int64_t half = table.cos.size(1), kept = dim - 2 * half;
  const Doubles cos = doubles(table.cos), sin = doubles(table.sin);
  Doubles y(x);
  for (size_t t = 0; t < positions.size(); ++t) {
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t base = (static_cast<int64_t>(t) * heads + h) * dim + kept;
      for (int64_t j = 0; j < half; ++j) {
        const double a = x[base + (interleaved ? 2 * j : j)];
        const double b = x[base + (interleaved ? 2 * j + 1 : j + half)];
        const double c = cos[positions[t] * half + j], s = sin[positions[t] * half + j];
        y[base + j] = a * c - b * s;
        y[base + j + half] = b * c + a * s;
      }
    }
  }
  return y;
}

TEST(RopeTable, YarnFrequenciesOfTheReleasedModel) {
  const RopeTable table = make_rope_table(deepseek_yarn(), 2);
  const std::vector<std::pair<int, double>> known = {
      {0, 1.0},     {9, 0.0749894209},   {10, 0.0562341325},  {11, 0.0390069269},
      {16, 0.0055}, {22, 1.77827941e-4}, {23, 3.33380358e-5}, {31, 3.33380358e-6}};
  for (const auto& [j, frequency] : known) {
    EXPECT_NEAR(
        std::atan2(table.sin[1][j].item<double>(), table.cos[1][j].item<double>()) / frequency, 1.0,
        1e-6)
        << j;
  }
}

TEST(RopeTable, AttentionFactorIsTheRatioOfTheTwoScales) {
  RopeConfig c = deepseek_yarn();
  EXPECT_FLOAT_EQ(make_rope_table(c, 1).cos[0][0].item<float>(), 1.0f);
  c.mscale_all_dim = 0;
  EXPECT_NEAR(make_rope_table(c, 1).cos[0][0].item<double>(), 1.3688879454, 1e-6);
}

TEST(RopeTable, PlainWhenFactorIsOne) {
  RopeConfig c;
  c.rotary = 8;
  const RopeTable table = make_rope_table(c, 101);
  EXPECT_NEAR(table.cos[100][1].item<double>(), std::cos(100 * std::pow(1e4, -0.25)), 1e-6);
}

class Rope : public ::testing::TestWithParam<std::tuple<at::ScalarType, bool>> {};
INSTANTIATE_TEST_SUITE_P(DtypesAndLayouts, Rope,
                         ::testing::Combine(::testing::Values(at::kFloat, at::kBFloat16),
                                            ::testing::Bool()));

TEST_P(Rope, RotatesTheTailOfEachHeadAndItsGradientIsTheTranspose) {
  const auto [dtype, interleaved] = GetParam();
  RopeConfig c;
  c.rotary = 12;
  const RopeTable table = make_rope_table(c, 64);
  const std::vector<int32_t> positions = {0, 63, 5, 5};
  // A strided view: heads of 20 inside rows of a wider projection.
  const at::Tensor wide = shaped({4, 3 * 32}, 1, dtype);
  const at::Tensor x = wide.view({4, 3, 32}).narrow(2, 4, 20).requires_grad_();
  const at::Tensor y = rope(x, table, ints(positions), interleaved);
  const auto of = [&](const Doubles& v) {
    return reference(v, table, positions, 3, 20, interleaved);
  };
  expect_close(y, of(doubles(x)), tolerance_of(dtype));
  const at::Tensor dy = shaped({4, 3, 20}, 2, dtype);
  y.backward(dy);
  expect_gradient(
      x.grad(), [&](const Doubles& v) { return dot(of(v), doubles(dy)); }, doubles(x),
      tolerance_of(dtype));
}

TEST_P(Rope, ARowHasTheSameBitsAloneAndWithAnyThreads) {
  const auto [dtype, interleaved] = GetParam();
  RopeConfig c;
  c.rotary = 16;
  const RopeTable table = make_rope_table(c, 512);
  const at::Tensor x = shaped({500, 4, 48}, 1, dtype);
  std::vector<int32_t> positions(500);
  for (int i = 0; i < 500; ++i) positions[i] = (i * 7) % 512;
  const auto [one, two] =
      with_one_and_two_threads([&, i = interleaved] { return rope(x, table, ints(positions), i); });
  EXPECT_TRUE(same_bits(one, two));
  EXPECT_TRUE(same_bits(rope(x.narrow(0, 77, 1), table, ints({positions[77]}), interleaved),
                        one.narrow(0, 77, 1)));
}

TEST(RopeErrors, PositionOutsideTheTable) {
  RopeConfig c;
  c.rotary = 8;
  EXPECT_ANY_THROW(rope(shaped({1, 1, 8}, 1), make_rope_table(c, 4), ints({4}), true));
}

}  // namespace
}  // namespace cohort::kernels
