#include "kernels/linear/linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "kernels/linear/dispatch.h"

namespace cohort::kernels {
namespace {

using gemm::Target;

struct Case {
  Target target;
  at::ScalarType dtype;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  const char* targets[] = {"portable", "avx2", "avx512", "avx512_dot", "amx"};
  return std::string(targets[static_cast<int>(info.param.target)]) +
         (info.param.dtype == at::kFloat ? "_fp32" : "_bf16");
}

Param param(at::Tensor data, int64_t shards) {
  Param w;
  w.data = std::move(data);
  if (shards > 0) {
    std::vector<int64_t> sizes{shards};
    for (int64_t size : w.data.sizes()) sizes.push_back(size);
    w.grad = at::zeros(sizes, at::kFloat);
  }
  return w;
}

RowShards one_shard(int64_t rows) {
  return std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{0, rows});
}

class Linear : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!gemm::target_available(GetParam().target)) GTEST_SKIP() << "not on this processor";
    gemm::force_target(GetParam().target);
    set_num_threads(2);
  }
  void TearDown() override {
    gemm::use_best_target();
    set_num_threads(2);
  }

  at::Tensor randn(at::IntArrayRef sizes) { return at::randn(sizes).to(GetParam().dtype); }

  // |value - reference| in units of the sum of absolute products, so that cancellation is no
  // excuse.
  void expect_near(const at::Tensor& value, const at::Tensor& reference, const at::Tensor& scale,
                   double extra = 0) {
    if (value.numel() == 0) return;
    const double error =
        ((value.to(at::kDouble) - reference).abs() / (scale + 1e-30)).max().item<double>();
    const bool rounded = value.scalar_type() == at::kBFloat16;
    EXPECT_LT(error, (rounded ? 0.004 : 2e-6) + extra);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Targets, Linear,
    testing::Values(Case{Target::kPortable, at::kFloat}, Case{Target::kPortable, at::kBFloat16},
                    Case{Target::kAvx2, at::kFloat}, Case{Target::kAvx2, at::kBFloat16},
                    Case{Target::kAvx512, at::kFloat}, Case{Target::kAvx512, at::kBFloat16},
                    Case{Target::kAvx512Dot, at::kBFloat16}, Case{Target::kAmx, at::kBFloat16}),
    name_of);

at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  return at::matmul(a.to(at::kDouble), b.to(at::kDouble));
}
at::Tensor abs_product(const at::Tensor& a, const at::Tensor& b) {
  return at::matmul(a.to(at::kDouble).abs(), b.to(at::kDouble).abs());
}

const int64_t kShapes[][3] = {{0, 5, 7},      {1, 1, 1},    {1, 31, 2},     {2, 33, 3},
                              {3, 64, 65},    {4, 96, 17},  {5, 129, 16},   {7, 200, 31},
                              {8, 32, 128},   {13, 47, 1},  {14, 40, 50},   {15, 70, 33},
                              {29, 320, 256}, {200, 65, 9}, {401, 130, 515}};

TEST_P(Linear, products_match_float64_for_any_shape) {
  for (const auto& [m, n, k] : kShapes) {
    SCOPED_TRACE(fmt::format("M {} N {} K {}", m, n, k));
    const at::Tensor x = randn({m, k}), dy = randn({m, n});
    Param w = param(randn({n, k}), 1);
    expect_near(linear(x, w, nullptr), product(x, w.data.t()), abs_product(x, w.data.t()));
    const at::Tensor wide = linear(x, w, nullptr, true);
    EXPECT_EQ(wide.scalar_type(), at::kFloat);
    expect_near(wide, product(x, w.data.t()), abs_product(x, w.data.t()));

    at::Tensor dx = at::empty({m, k}, x.options());
    linear_input_grad_out(dy, w, dx);
    expect_near(dx, product(dy, w.data), abs_product(dy, w.data));

    linear_weight_grad(dy, x, w, {0, m});
    expect_near(w.grad[0], product(dy.t(), x), abs_product(dy.t(), x));
    linear_weight_grad(dy, x, w, {0, m});  // adds
    expect_near(w.grad[0], 2 * product(dy.t(), x), 2 * abs_product(dy.t(), x));
  }
}

TEST_P(Linear, writes_nothing_outside_its_result) {
  const at::Tensor x = randn({19, 24});
  Param w = param(randn({45, 24}), 0);
  at::Tensor whole = at::full({21, 80}, 7, x.options());
  at::Tensor out = whole.slice(0, 1, 20).slice(1, 16, 61);
  linear_out(x, w, out);
  EXPECT_TRUE(at::equal(out, linear(x, w, nullptr)));
  out.fill_(7);
  EXPECT_TRUE(at::equal(whole, at::full_like(whole, 7)));
}

TEST_P(Linear, takes_rows_of_a_wider_tensor) {
  for (int64_t k : {32, 33}) {
    const at::Tensor wide = randn({40, 100});
    const at::Tensor view = wide.slice(1, 11, 11 + k);
    Param w = param(randn({50, k}), 1);
    Param copy = param(w.data, 1);
    EXPECT_TRUE(at::equal(linear(view, w, nullptr), linear(view.contiguous(), copy, nullptr)));
    const at::Tensor dy = randn({40, 70}).slice(1, 5, 55);
    linear_weight_grad(dy, view, w, {0, 40});
    linear_weight_grad(dy.contiguous(), view.contiguous(), copy, {0, 40});
    EXPECT_TRUE(at::equal(w.grad, copy.grad));
  }
}

TEST_P(Linear, a_row_has_the_same_bits_in_any_batch_and_on_any_number_of_threads) {
  for (const auto& [n, k] : {std::pair<int64_t, int64_t>{200, 65}, {70, 257}}) {
    const at::Tensor x = randn({300, k}), dy = randn({300, n});
    Param w = param(randn({n, k}), 0);
    at::Tensor alone = at::empty({300, n}, x.options()),
               dx_alone = at::empty({300, k}, x.options());
    for (int64_t i = 0; i < 300; ++i) {
      at::Tensor row = alone.slice(0, i, i + 1), dx_row = dx_alone.slice(0, i, i + 1);
      linear_out(x.slice(0, i, i + 1), w, row);
      linear_input_grad_out(dy.slice(0, i, i + 1), w, dx_row);
    }
    for (int threads : {1, 2}) {
      set_num_threads(threads);
      for (int64_t m = 1; m <= 300; m += m < 33 ? 1 : 53) {
        const int64_t from = (7 * m) % (301 - m);
        at::Tensor y = linear(x.slice(0, from, from + m), w, nullptr);
        at::Tensor dx = at::empty({m, k}, x.options());
        linear_input_grad_out(dy.slice(0, from, from + m), w, dx);
        ASSERT_TRUE(at::equal(y, alone.slice(0, from, from + m))) << m << " threads " << threads;
        ASSERT_TRUE(at::equal(dx, dx_alone.slice(0, from, from + m)))
            << m << " threads " << threads;
      }
    }
  }
}

TEST_P(Linear, large_products_have_the_same_bits_on_one_and_two_threads) {
  const at::Tensor x = randn({700, 400}), dy = randn({700, 600});
  Param w = param(randn({600, 400}), 3);
  const std::vector<int64_t> shards{0, 30, 30, 700};
  at::Tensor y[2], dx[2], grad[2];
  for (int threads : {1, 2}) {
    set_num_threads(threads);
    y[threads - 1] = linear(x, w, nullptr);
    dx[threads - 1] = at::empty({700, 400}, x.options());
    linear_input_grad_out(dy, w, dx[threads - 1]);
    w.grad.zero_();
    linear_weight_grad(dy, x, w, shards);
    grad[threads - 1] = w.grad.clone();
  }
  EXPECT_TRUE(at::equal(y[0], y[1]));
  EXPECT_TRUE(at::equal(dx[0], dx[1]));
  EXPECT_TRUE(at::equal(grad[0], grad[1]));
}

TEST_P(Linear, shards_get_the_gradients_of_separate_calls) {
  const std::vector<int64_t> shards{0, 1, 18, 18, 700, 741};
  const at::Tensor x = randn({741, 75}), dy = randn({741, 135});
  Param w = param(randn({135, 75}), 5);
  w.grad.normal_();
  const at::Tensor before = w.grad.clone();
  linear_weight_grad(dy, x, w, shards);
  for (int64_t s = 0; s < 5; ++s) {
    Param alone = param(w.data, 1);
    alone.grad.copy_(before.slice(0, s, s + 1));
    const int64_t begin = shards[s], end = shards[s + 1];
    linear_weight_grad(dy.slice(0, begin, end), x.slice(0, begin, end), alone, {0, end - begin});
    EXPECT_TRUE(at::equal(alone.grad[0], w.grad[s])) << s;
  }
}

TEST_P(Linear, weight_gradients_add_chunks_of_512_rows_in_order) {
  const at::Tensor x = randn({1100, 33}), dy = randn({1100, 20});
  Param whole = param(randn({20, 33}), 1), pieces = param(whole.data, 1);
  linear_weight_grad(dy, x, whole, {0, 1100});
  for (int64_t begin = 0; begin < 1100; begin += 512) {
    const int64_t end = std::min<int64_t>(begin + 512, 1100);
    linear_weight_grad(dy.slice(0, begin, end), x.slice(0, begin, end), pieces, {0, end - begin});
  }
  EXPECT_TRUE(at::equal(whole.grad, pieces.grad));
}

TEST_P(Linear, packs_again_when_the_version_moves) {
  const at::Tensor x = randn({3, 20});
  Param w = param(randn({40, 20}), 0);
  const at::Tensor before = linear(x, w, nullptr);
  w.data.mul_(2);
  ++w.version;
  EXPECT_TRUE(at::equal(linear(x, w, nullptr), before * 2));
  at::Tensor dx = at::empty({3, 20}, x.options());
  linear_input_grad_out(before, w, dx);
  w.data.mul_(2);
  ++w.version;
  at::Tensor twice = at::empty({3, 20}, x.options());
  linear_input_grad_out(before, w, twice);
  EXPECT_TRUE(at::equal(twice, dx * 2));
}

TEST_P(Linear, groups_are_separate_products_with_the_same_bits) {
  const int64_t n = 70, k = 45;
  const std::vector<int64_t> offsets{0, 3, 3, 220, 221, 400};
  const at::Tensor x = randn({400, k}), dy = randn({400, n});
  Param w = param(randn({5, n, k}), 2);
  at::Tensor y = at::empty({400, n}, x.options()), dx = at::empty({400, k}, x.options());
  grouped_linear_out(x, w, offsets, false, y);
  grouped_linear_out(dy, w, offsets, true, dx);
  const std::vector<int64_t> segments{0, 2, 3, 3, 3, 100, 220, 221, 221, 221, 400};
  grouped_weight_grad(dy, x, w, segments);
  for (int64_t g = 0; g < 5; ++g) {
    const int64_t begin = offsets[g], end = offsets[g + 1];
    Param alone = param(w.data[g].clone(), 1);
    EXPECT_TRUE(at::equal(y.slice(0, begin, end), linear(x.slice(0, begin, end), alone, nullptr)));
    at::Tensor dx_alone = at::empty({end - begin, k}, x.options());
    linear_input_grad_out(dy.slice(0, begin, end), alone, dx_alone);
    EXPECT_TRUE(at::equal(dx.slice(0, begin, end), dx_alone));
    for (int64_t s = 0; s < 2; ++s) {
      const int64_t from = segments[2 * g + s], to = segments[2 * g + s + 1];
      alone.grad.zero_();
      linear_weight_grad(dy.slice(0, from, to), x.slice(0, from, to), alone, {0, to - from});
      EXPECT_TRUE(at::equal(w.grad[s][g], alone.grad[0])) << g << " " << s;
    }
  }
}

TEST_P(Linear, autograd_gives_the_gradients_of_the_formula) {
  at::Tensor x = randn({37, 40});
  x.set_requires_grad(true);
  Param w = param(randn({30, 40}), 1);
  const at::Tensor dy = randn({37, 30});
  at::Tensor y = linear(x, w, one_shard(37));
  ASSERT_TRUE(y.requires_grad());
  y.backward(dy);
  at::Tensor dx = at::empty({37, 40}, x.options());
  linear_input_grad_out(dy, w, dx);
  EXPECT_TRUE(at::equal(x.grad(), dx));
  expect_near(w.grad[0], product(dy.t(), x.detach()), abs_product(dy.t(), x.detach()));

  x.mutable_grad() = at::Tensor();
  Param frozen = param(w.data, 0);
  linear(x, frozen, nullptr, true).sum().backward();  // an expanded gradient, fp32
  const at::Tensor ones = at::ones({37, 30}, x.options());
  linear_input_grad_out(ones, frozen, dx);
  EXPECT_TRUE(at::equal(x.grad(), dx));
}

TEST(LinearGradient, agrees_with_central_differences) {
  at::Tensor x = at::randn({6, 9});
  x.set_requires_grad(true);
  Param w = param(at::randn({5, 9}), 1);
  const at::Tensor dy = at::randn({6, 5});
  linear(x, w, one_shard(6)).backward(dy);
  const auto loss = [&](const at::Tensor& at_x) {
    return (linear(at_x, w, nullptr).to(at::kDouble) * dy).sum().item<double>();
  };
  const float h = 0.25f;  // the function is linear: any step serves
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 9; ++j) {
      at::Tensor up = x.detach().clone(), down = up.clone();
      up[i][j] += h;
      down[i][j] -= h;
      EXPECT_NEAR(x.grad()[i][j].item<double>(), (loss(up) - loss(down)) / (2 * h), 1e-4);
    }
  }
}

TEST(LinearKernels, fp32_bits_are_equal_on_avx2_and_avx512) {
  if (!gemm::target_available(Target::kAvx512)) GTEST_SKIP() << "not on this processor";
  const at::Tensor x = at::randn({33, 77});
  Param a = param(at::randn({50, 77}), 0), b = param(a.data, 0);
  gemm::force_target(Target::kAvx2);
  const at::Tensor narrow = linear(x, a, nullptr);
  gemm::force_target(Target::kAvx512);
  EXPECT_TRUE(at::equal(narrow, linear(x, b, nullptr)));
  gemm::use_best_target();
}

TEST(LinearKernels, leaves_no_graph_without_gradients) {
  at::Tensor x = at::randn({2, 4});
  Param w = param(at::randn({3, 4}), 1);
  EXPECT_FALSE(linear(x, w, one_shard(2)).requires_grad());
  x.set_requires_grad(true);
  at::NoGradGuard no_grad;
  EXPECT_FALSE(linear(x, w, one_shard(2)).requires_grad());
}

TEST(LinearKernels, refuses_what_does_not_fit) {
  Param w = param(at::randn({3, 4}), 1);
  EXPECT_THROW(linear(at::randn({2, 5}), w, nullptr), CheckError);
  EXPECT_THROW(linear(at::randn({2, 4}).to(at::kBFloat16), w, nullptr), CheckError);
  EXPECT_THROW(linear_weight_grad(at::randn({2, 3}), at::randn({2, 4}), w, {0, 1}), CheckError);
  Param frozen = param(w.data, 0);
  EXPECT_THROW(linear_weight_grad(at::randn({2, 3}), at::randn({2, 4}), frozen, {0, 2}),
               CheckError);
}

}  // namespace
}  // namespace cohort::kernels
