// Products with 8-bit weights: against float64, and bits.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <c10/util/Half.h>

#include <limits>

#include "core/base/error.h"
#include "kernels/linear/dispatch.h"
#include "kernels/linear/linear.h"
#include "kernels/math/half.h"
#include "kernels/moe/moe.h"
#include "kernels/swiglu/swiglu.h"
#include "kernels/token_logprob/token_logprob.h"
#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

using gemm::Target;

constexpr int64_t kBlock = 32;

// The values that blocks of `x`'s rows stand for, and how far they may lie from x, in double.
struct Rounded {
  at::Tensor values, error;
};
Rounded rounded(const at::Tensor& x_any, bool half_scale) {
  const at::Tensor x = x_any.to(at::kFloat).contiguous();
  const int64_t rows = x.size(0), k = x.size(1);
  Rounded out{at::zeros({rows, k}, at::kDouble), at::zeros({rows, k}, at::kDouble)};
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t begin = 0; begin < k; begin += kBlock) {
      const int64_t at = row * k + begin, count = std::min(kBlock, k - begin);
      const float* in = x.const_data_ptr<float>() + at;
      float largest = 0;
      for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(in[i]));
      const float scale = largest / 127.0f;
      const double stored = half_scale ? static_cast<double>(c10::Half(scale)) : scale;
      for (int64_t i = 0; i < count; ++i) {
        const double q = scale == 0 ? 0 : std::nearbyint(in[i] * (1.0f / scale));
        out.values.mutable_data_ptr<double>()[at + i] = q * stored;
        out.error.mutable_data_ptr<double>()[at + i] =
            0.5001 * scale + (half_scale ? 0x1p-11 * largest : 0.0);
      }
    }
  }
  return out;
}

at::Tensor product(const at::Tensor& x, const at::Tensor& w) { return at::matmul(x, w.t()); }

Param q8(const at::Tensor& data) {
  Param w;
  w.data = data;
  w.format = WeightFormat::q8_0;
  return w;
}

struct Case {
  Target target;
  at::ScalarType dtype;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  const char* targets[] = {"portable", "avx2", "avx512", "avx512_dot", "amx"};
  return std::string(targets[static_cast<int>(info.param.target)]) +
         (info.param.dtype == at::kFloat ? "_fp32" : "_bf16");
}

class Q8 : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!gemm::target_available(GetParam().target)) GTEST_SKIP() << "not on this processor";
    gemm::force_target(GetParam().target);
  }
  void TearDown() override { gemm::use_best_target(); }

  at::Tensor input(at::IntArrayRef sizes, uint64_t seed) {
    return shaped(sizes, seed, GetParam().dtype);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Targets, Q8,
    testing::Values(Case{Target::kPortable, at::kFloat}, Case{Target::kPortable, at::kBFloat16},
                    Case{Target::kAvx2, at::kFloat}, Case{Target::kAvx2, at::kBFloat16},
                    Case{Target::kAvx512, at::kFloat}, Case{Target::kAvx512, at::kBFloat16},
                    Case{Target::kAmx, at::kFloat}, Case{Target::kAmx, at::kBFloat16}),
    name_of);

const int64_t kShapes[][3] = {{1, 1, 1},   {1, 100, 64},  {2, 33, 31},   {3, 64, 32},
                              {5, 96, 33}, {7, 200, 160}, {12, 47, 576}, {64, 130, 515}};

TEST_P(Q8, Products_match_float64_products_of_the_rounded_values) {
  for (const auto& [m, n, k] : kShapes) {
    SCOPED_TRACE(fmt::format("M {} N {} K {}", m, n, k));
    const at::Tensor x = input({m, k}, 1), data = input({n, k}, 2);
    const Param w = q8(data);
    const Rounded a = rounded(x, false), b = rounded(data, true);
    const at::Tensor want = product(a.values, b.values);
    const at::Tensor size = product(a.values.abs(), b.values.abs());
    const at::Tensor got = linear(x, w, nullptr, true).to(at::kDouble);
    EXPECT_LT(((got - want).abs() / (size + 1e-30)).max().item<double>(), 2e-6);
    const at::Tensor own = linear(x, w, nullptr).to(at::kDouble);
    EXPECT_LT(((own - want).abs() / (size + 1e-30)).max().item<double>(),
              GetParam().dtype == at::kFloat ? 2e-6 : 0.004);

    // From the product of what was rounded: by half a unit of each factor at most.
    const at::Tensor xd = x.to(at::kDouble), wd = data.to(at::kDouble);
    const at::Tensor bound = product(a.error, wd.abs()) + product(a.values.abs(), b.error);
    EXPECT_TRUE(((got - product(xd, wd)).abs() <= bound + 2e-6 * size).all().item<bool>());
  }
}

TEST_P(Q8, A_row_has_the_same_bits_in_any_batch_and_on_any_number_of_threads) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = input({70, 545}, 1);
  const Param w = q8(input({1000, 545}, 2));
  const auto [one, two] = with_one_and_two_threads([&] { return linear(x, w, nullptr); });
  EXPECT_TRUE(same_bits(one, two));
  for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 1}, {69, 70}, {3, 5}, {7, 28}}) {
    EXPECT_TRUE(same_bits(linear(x.slice(0, begin, end), w, nullptr), one.slice(0, begin, end)));
  }
  const at::Tensor h = x.slice(1, 0, 545).contiguous();
  EXPECT_TRUE(same_bits(logits(h, w), linear(h, w, nullptr, true)));
}

TEST_P(Q8, Every_instruction_set_gives_the_bits_of_portable_code) {
  const at::NoGradGuard no_grad;
  at::Tensor x = input({41, 99}, 1).clone();
  x[1].zero_();
  x[2].mul_(1e-41);  // no inverse of such a scale exists
  x[3].mul_(1e30);
  at::Tensor data = input({70, 99}, 2).clone();
  data[5].zero_();
  data[6].mul_(1e-7);  // a subnormal fp16 scale
  data[7].mul_(1e-11);
  const Param w = q8(data), again = q8(data);
  const at::Tensor got = linear(x, w, nullptr, true);
  gemm::force_target(Target::kPortable);
  EXPECT_TRUE(same_bits(got, linear(x, again, nullptr, true)));
  EXPECT_TRUE(got[1].eq(0).all().item<bool>());
  EXPECT_TRUE(got.isfinite().all().item<bool>());
}

TEST_P(Q8, What_is_not_finite_is_not_hidden) {
  at::Tensor x = input({4, 64}, 1).clone();
  x[1][40] = std::numeric_limits<float>::infinity();
  x[2][63] = std::numeric_limits<float>::quiet_NaN();
  at::Tensor data = input({40, 64}, 2).clone();
  data[3][0] = -std::numeric_limits<float>::quiet_NaN();
  const at::Tensor y = linear(x, q8(data), nullptr, true);
  EXPECT_TRUE(y[1].isnan().all().item<bool>());
  EXPECT_TRUE(y[2].isnan().all().item<bool>());
  EXPECT_TRUE(y[0].isnan().sum().item<int64_t>() == 1 && y[0][3].isnan().item<bool>());
}

TEST_P(Q8, Experts_multiply_by_their_own_blocks) {
  const at::NoGradGuard no_grad;
  const int64_t tokens = 37, experts = 5, hidden = 70, inner = 45;
  const at::Tensor x = input({tokens, hidden}, 1);
  std::vector<int32_t> choice(tokens);
  for (int64_t t = 0; t < tokens; ++t) choice[t] = static_cast<int32_t>(t * 7 % experts);
  const at::Tensor index = ints(choice).view({tokens, 1});
  const at::Tensor weight = at::ones({tokens, 1}, at::kFloat);
  const Param gate_up = q8(input({experts, 2 * inner, hidden}, 2).mul(0.1));
  const Param down = q8(input({experts, hidden, inner}, 3).mul(0.1));
  const auto [one, two] =
      with_one_and_two_threads([&] { return moe(x, index, weight, gate_up, down, nullptr); });
  EXPECT_TRUE(same_bits(one, two));
  for (int64_t t = 0; t < tokens; ++t) {
    const Param up = q8(gate_up.data[choice[t]]), back = q8(down.data[choice[t]]);
    const at::Tensor row = x.slice(0, t, t + 1);
    const at::Tensor act = swiglu(linear(row, up, nullptr));
    EXPECT_TRUE(same_bits(one.slice(0, t, t + 1), linear(act, back, nullptr))) << t;
  }
}

TEST_P(Q8, A_written_weight_is_quantised_anew) {
  const at::Tensor x = input({2, 40}, 1);
  Param w = q8(input({33, 40}, 2));
  const at::Tensor before = linear(x, w, nullptr);
  w.data.mul_(2);
  EXPECT_TRUE(same_bits(linear(x, w, nullptr), before));  // nobody said so
  ++w.version;
  EXPECT_TRUE(same_bits(linear(x, w, nullptr), before.mul(2)));
}

TEST(Q8Weights, have_no_gradient) {
  const at::Tensor x = shaped({2, 40}, 1).requires_grad_();
  const Param w = q8(shaped({33, 40}, 2));
  EXPECT_THROW(linear(x, w, nullptr), CheckError);
  at::Tensor dx = at::empty({2, 40});
  EXPECT_THROW(linear_input_grad_out(shaped({2, 33}, 3), w, dx), CheckError);
  const Param gate_up = q8(shaped({1, 8, 40}, 3)), down = q8(shaped({1, 40, 4}, 4));
  EXPECT_THROW(moe(x, ints({0, 0}).view({2, 1}), at::ones({2, 1}), gate_up, down, nullptr),
               CheckError);
}

TEST(Half, every_value_goes_to_float_and_back) {
  for (uint32_t bits = 0; bits < (1u << 16); ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    const float want = static_cast<float>(c10::Half(half, c10::Half::from_bits()));
    if (std::isnan(want)) {
      EXPECT_TRUE(std::isnan(value) && std::isnan(half_to_float(float_to_half(value))));
      continue;
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(want)) << bits;
    ASSERT_EQ(float_to_half(value), half);
  }
}

TEST(Half, floats_between_go_to_the_nearest_even) {
  std::mt19937 generator(1);
  for (int i = 0; i < 200000; ++i) {
    const uint32_t bits = generator() % 0x16000000u + 0x32000000u;  // 7e-9 to 1e5
    const float value = std::bit_cast<float>(bits);
    ASSERT_EQ(float_to_half(value), c10::Half(value).x) << value;
    const float tie = std::bit_cast<float>((bits & ~0x1fffu) | 0x1000u);
    ASSERT_EQ(float_to_half(-tie), c10::Half(-tie).x) << tie;
  }
}

}  // namespace
}  // namespace cohort::kernels
