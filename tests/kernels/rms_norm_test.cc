#include "kernels/rms_norm/rms_norm.h"

#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

constexpr double kEps = 1e-6;

Doubles reference(const Doubles& x, const Doubles& w, int64_t rows) {
  const int64_t dim = static_cast<int64_t>(w.size());
  Doubles y(x.size());
  for (int64_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (int64_t d = 0; d < dim; ++d) sum += x[r * dim + d] * x[r * dim + d];
    const double scale = 1 / std::sqrt(sum / static_cast<double>(dim) + kEps);
    for (int64_t d = 0; d < dim; ++d) y[r * dim + d] = w[d] * x[r * dim + d] * scale;
  }
  return y;
}

class RmsNorm : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  double tolerance() const { return GetParam() == at::kFloat ? 2e-5 : 3e-2; }
};
INSTANTIATE_TEST_SUITE_P(Dtypes, RmsNorm, ::testing::Values(at::kFloat, at::kBFloat16));

TEST_P(RmsNorm, AgreesWithDouble) {
  for (const int64_t dim : {1, 8, 64, 100, 576}) {
    const at::Tensor x = shaped({4, dim}, dim, GetParam());
    const Param w = make_param(shaped({dim}, 2, GetParam()), 0);
    expect_close(rms_norm(x, w, kEps, nullptr), reference(doubles(x), doubles(w.data), 4),
                 tolerance());
  }
}

TEST_P(RmsNorm, GradientAgreesWithCentralDifferences) {
  const int64_t rows = 6, dim = 77;
  const at::Tensor x = shaped({rows, dim}, 1, GetParam()).requires_grad_();
  const Param w = make_param(shaped({dim}, 2, GetParam()), 2);
  const at::Tensor dy = shaped({rows, dim}, 3, GetParam());
  rms_norm(x, w, kEps, row_shards({0, 4, 6})).backward(dy);
  const Doubles xd = doubles(x), wd = doubles(w.data), dyd = doubles(dy);
  expect_gradient(
      x.grad(), [&](const Doubles& v) { return dot(reference(v, wd, rows), dyd); }, xd,
      tolerance());
  expect_gradient(
      w.grad.sum(0), [&](const Doubles& v) { return dot(reference(xd, v, rows), dyd); }, wd,
      tolerance());
}

TEST_P(RmsNorm, AddGivesTheSumAndItsNormAndBothGradients) {
  const int64_t rows = 3, dim = 40;
  const at::Tensor x = shaped({rows, dim}, 1, GetParam()).requires_grad_();
  const at::Tensor delta = shaped({rows, dim}, 4, GetParam()).requires_grad_();
  const Param w = make_param(shaped({dim}, 2, GetParam()), 1);
  const NormedResidual out = add_rms_norm(x, delta, w, kEps, row_shards({0, rows}));
  EXPECT_TRUE(same_bits(out.residual, x.add(delta)));
  EXPECT_TRUE(same_bits(out.normed, rms_norm(x.add(delta).detach(), w, kEps, nullptr)));

  const at::Tensor d_residual = shaped({rows, dim}, 5, GetParam());
  const at::Tensor d_normed = shaped({rows, dim}, 6, GetParam());
  out.residual.mul(d_residual).sum().add(out.normed.mul(d_normed).sum()).backward();
  const Doubles wd = doubles(w.data);
  const auto loss = [&](const Doubles& v) {
    return dot(reference(v, wd, rows), doubles(d_normed)) + dot(v, doubles(d_residual));
  };
  expect_gradient(x.grad(), loss, doubles(out.residual), tolerance());
  EXPECT_TRUE(same_bits(x.grad(), delta.grad()));
}

TEST_P(RmsNorm, ARowHasTheSameBitsAloneAndWithAnyThreads) {
  const int64_t rows = 700, dim = 96;
  const at::Tensor wide = shaped({rows, 200}, 1, GetParam());
  const at::Tensor x = wide.narrow(1, 50, dim);  // a slice of a wider projection
  Param w = make_param(shaped({dim}, 2, GetParam()), 2);
  const auto run = [&] {
    w.grad.zero_();
    const at::Tensor in = x.detach().clone().requires_grad_();
    const at::Tensor y = rms_norm(in, w, kEps, row_shards({0, 333, rows}));
    y.backward(shaped({rows, dim}, 3, GetParam()));
    return std::vector<at::Tensor>{y, in.grad(), w.grad.clone()};
  };
  const auto [one, two] = with_one_and_two_threads(run);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], two[i])) << i;
  for (const int64_t row : {0, 17, 699}) {
    EXPECT_TRUE(
        same_bits(rms_norm(x.narrow(0, row, 1), w, kEps, nullptr), one[0].narrow(0, row, 1)));
  }
}

// The weight gradient of rows in two passes is that of one pass: rows are added to w.grad one by
// one.
TEST(RmsNormShards, WeightGradientDoesNotDependOnHowRowsAreSplit) {
  const at::Tensor x = shaped({10, 32}, 1), dy = shaped({10, 32}, 3);
  const auto gradient = [&](const std::vector<int64_t>& cuts) {
    Param w = make_param(shaped({32}, 2), 1);
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      const int64_t n = cuts[i + 1] - cuts[i];
      const at::Tensor part = x.narrow(0, cuts[i], n).clone().requires_grad_();
      rms_norm(part, w, kEps, row_shards({0, n})).backward(dy.narrow(0, cuts[i], n));
    }
    return w.grad;
  };
  EXPECT_TRUE(same_bits(gradient({0, 10}), gradient({0, 3, 4, 10})));
}

}  // namespace
}  // namespace cohort::kernels
