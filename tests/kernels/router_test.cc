#include "kernels/router/router.h"

#include <limits>

#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

RouterConfig grouped() {
  RouterConfig c;
  c.num_experts = 16;
  c.top_k = 4;
  c.num_groups = 4;
  c.top_k_groups = 2;
  c.routed_scaling_factor = 2.5;
  return c;
}

at::Tensor zero_bias(int64_t experts) {
  return at::zeros({experts}, at::TensorOptions().dtype(at::kFloat));
}

Doubles scores_of(const Doubles& x, const Doubles& w, int64_t rows, int64_t experts) {
  const int64_t dim = static_cast<int64_t>(w.size()) / experts;
  Doubles s(rows * experts);
  for (int64_t t = 0; t < rows; ++t) {
    for (int64_t e = 0; e < experts; ++e) {
      double sum = 0;
      for (int64_t d = 0; d < dim; ++d) sum += x[t * dim + d] * w[e * dim + d];
      s[t * experts + e] = 1 / (1 + std::exp(-sum));
    }
  }
  return s;
}

// The rules of the header by brute force: sort instead of running maxima.
std::vector<int32_t> chosen(const Doubles& s, const Doubles& bias, const RouterConfig& c,
                            int64_t t) {
  const int64_t experts = c.num_experts, size = experts / c.num_groups;
  Doubles sb(experts);
  for (int64_t e = 0; e < experts; ++e) sb[e] = s[t * experts + e] + bias[e];
  const auto order = [](const Doubles& values) {
    std::vector<int32_t> index(values.size());
    for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int32_t>(i);
    std::stable_sort(index.begin(), index.end(),
                     [&](int32_t a, int32_t b) { return values[a] > values[b]; });
    return index;
  };
  Doubles group(c.num_groups);
  for (int64_t g = 0; g < c.num_groups; ++g) {
    Doubles members(sb.begin() + g * size, sb.begin() + (g + 1) * size);
    std::sort(members.rbegin(), members.rend());
    group[g] = members[0] + (size > 1 ? members[1] : 0);
  }
  const std::vector<int32_t> best = order(group);
  for (int64_t g = c.top_k_groups; g < c.num_groups; ++g) {
    for (int64_t e = best[g] * size; e < (best[g] + 1) * size; ++e) {
      sb[e] = c.mask_with_zero ? 0.0 : -std::numeric_limits<double>::infinity();
    }
  }
  std::vector<int32_t> index = order(sb);
  index.resize(c.top_k);
  return index;
}

Doubles weights_of(const Doubles& s, const at::Tensor& index, const RouterConfig& c) {
  const int64_t rows = index.size(0);
  const int32_t* chosen_index = index.const_data_ptr<int32_t>();
  Doubles w(rows * c.top_k);
  for (int64_t t = 0; t < rows; ++t) {
    double sum = 1e-20;
    for (int64_t k = 0; k < c.top_k; ++k)
      sum += s[t * c.num_experts + chosen_index[t * c.top_k + k]];
    for (int64_t k = 0; k < c.top_k; ++k) {
      const double score = s[t * c.num_experts + chosen_index[t * c.top_k + k]];
      w[t * c.top_k + k] = score / (c.norm_topk_prob ? sum : 1.0) * c.routed_scaling_factor;
    }
  }
  return w;
}

class Router : public ::testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Dtypes, Router, ::testing::Values(at::kFloat, at::kBFloat16));

TEST_P(Router, ChoosesAsTheRulesSay) {
  const int64_t rows = 200, dim = 50;
  const at::Tensor x = shaped({rows, dim}, 1, GetParam());
  const Param w = make_param(shaped({16, dim}, 2, GetParam()).mul(0.1), 0);
  const at::Tensor bias = shaped({16}, 3).mul(0.3);  // some biased scores are negative
  for (const bool mask_with_zero : {false, true}) {
    RouterConfig c = grouped();
    c.mask_with_zero = mask_with_zero;
    const Routing r = route(x, w, bias, c, nullptr);
    const Doubles s = scores_of(doubles(x), doubles(w.data), rows, 16);
    for (int64_t t = 0; t < rows; ++t) {
      const std::vector<int32_t> want = chosen(s, doubles(bias), c, t);
      for (int64_t k = 0; k < c.top_k; ++k) EXPECT_EQ(r.index[t][k].item<int32_t>(), want[k]) << t;
    }
    expect_close(r.weight, weights_of(s, r.index, c), 1e-5);
  }
}

TEST(RouterTies, GoToTheLowerIndex) {
  const Param w = make_param(at::zeros({16, 8}, at::TensorOptions().dtype(at::kFloat)), 0);
  const Routing r = route(shaped({1, 8}, 1), w, zero_bias(16), grouped(), nullptr);
  for (int k = 0; k < 4; ++k) EXPECT_EQ(r.index[0][k].item<int32_t>(), k);
  for (int k = 0; k < 4; ++k) EXPECT_FLOAT_EQ(r.weight[0][k].item<float>(), 2.5f / 4);
}

TEST(RouterTies, NotANumberStillGivesDistinctExperts) {
  at::Tensor x = shaped({1, 8}, 1);
  x.fill_(std::nanf(""));
  const Routing r = route(x, make_param(shaped({16, 8}, 2), 0), zero_bias(16), grouped(), nullptr);
  std::vector<int32_t> seen(16, 0);
  for (int k = 0; k < 4; ++k) ++seen[r.index[0][k].item<int32_t>()];
  EXPECT_EQ(*std::max_element(seen.begin(), seen.end()), 1);
}

TEST_P(Router, GradientAgreesWithCentralDifferences) {
  const int64_t rows = 5, dim = 21;
  for (const bool norm : {true, false}) {
    RouterConfig c = grouped();
    c.norm_topk_prob = norm;
    const at::Tensor x = shaped({rows, dim}, 1).mul(0.3).to(GetParam()).requires_grad_();
    const Param w = make_param(shaped({16, dim}, 2).mul(0.2).to(GetParam()), 2);
    const Routing r = route(x, w, zero_bias(16), c, row_shards({0, 2, rows}));
    const at::Tensor d = shaped({rows, 4}, 4);
    r.weight.backward(d);
    const Doubles xd = doubles(x), wd = doubles(w.data);
    const auto loss = [&](const Doubles& xv, const Doubles& wv) {
      return dot(weights_of(scores_of(xv, wv, rows, 16), r.index, c), doubles(d));
    };
    expect_gradient(
        x.grad(), [&](const Doubles& v) { return loss(v, wd); }, xd, tolerance_of(GetParam()));
    expect_gradient(
        w.grad.sum(0), [&](const Doubles& v) { return loss(xd, v); }, wd, 1e-5);
  }
}

TEST(RouterBalance, ValueAndGradientAgreeWithTheFormula) {
  const int64_t rows = 9, dim = 12;
  const RouterConfig c = grouped();
  const at::Tensor x = shaped({rows, dim}, 1).mul(0.4).requires_grad_();
  const Param w = make_param(shaped({16, dim}, 2).mul(0.3), 1);
  double value = 0;
  const BalanceLoss balance = {{0, 4, 4, 9}, {0.5f, 0.25f, 2.0f}, &value};  // an empty one between
  const Routing r = route(x, w, zero_bias(16), c, row_shards({0, rows}), &balance);
  const at::Tensor d = shaped({rows, 4}, 4);
  r.weight.backward(d);
  const int32_t* index = r.index.const_data_ptr<int32_t>();
  const auto balance_of = [&](const Doubles& s) {
    double total = 0;
    for (size_t i = 0; i < 3; ++i) {
      const int64_t begin = balance.sequence_offsets[i], end = balance.sequence_offsets[i + 1];
      const double count = static_cast<double>(end - begin);
      for (int64_t e = 0; e < 16; ++e) {
        double f = 0, p = 0;
        for (int64_t t = begin; t < end; ++t) {
          double sum = 0;
          for (int64_t j = 0; j < 16; ++j) sum += s[t * 16 + j];
          p += s[t * 16 + e] / sum / count;
          for (int64_t k = 0; k < 4; ++k) f += index[t * 4 + k] == e ? 16 / (4 * count) : 0;
        }
        if (end > begin) total += balance.coef[i] * f * p;
      }
    }
    return total;
  };
  const Doubles xd = doubles(x), wd = doubles(w.data);
  EXPECT_NEAR(value, balance_of(scores_of(xd, wd, rows, 16)), 1e-6);
  const auto loss = [&](const Doubles& xv, const Doubles& wv) {
    const Doubles s = scores_of(xv, wv, rows, 16);
    return dot(weights_of(s, r.index, c), doubles(d)) + balance_of(s);
  };
  expect_gradient(
      x.grad(), [&](const Doubles& v) { return loss(v, wd); }, xd, 1e-5);
  expect_gradient(
      w.grad.sum(0), [&](const Doubles& v) { return loss(xd, v); }, wd, 1e-5);
}

TEST_P(Router, ARowHasTheSameBitsAloneAndWithAnyThreads) {
  const int64_t rows = 333, dim = 64;
  RouterConfig c = grouped();
  c.num_experts = 40;  // a tail of experts
  const at::Tensor x = shaped({rows, dim}, 1, GetParam());
  Param w = make_param(shaped({40, dim}, 2, GetParam()).mul(0.1), 1);
  const auto run = [&] {
    w.grad.zero_();
    const at::Tensor in = x.detach().clone().requires_grad_();
    const Routing r = route(in, w, zero_bias(40), c, row_shards({0, rows}));
    r.weight.backward(shaped({rows, 4}, 3));
    return std::vector<at::Tensor>{r.index, r.weight, in.grad(), w.grad.clone()};
  };
  const auto [one, two] = with_one_and_two_threads(run);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], two[i])) << i;
  for (const int64_t row : {0, 8, 332}) {
    const Routing alone = route(x.narrow(0, row, 1), w, zero_bias(40), c, nullptr);
    EXPECT_TRUE(same_bits(alone.index, one[0].narrow(0, row, 1)));
    EXPECT_TRUE(same_bits(alone.weight, one[1].narrow(0, row, 1)));
  }
}

TEST(RouterLoad, CountsUnmaskedRowsOnly) {
  const at::Tensor index = ints({0, 3, 3, 1, 2, 0}).view({3, 2});
  at::Tensor mask = at::zeros({3}, at::TensorOptions().dtype(at::kByte));
  mask[0] = 1, mask[2] = 1;
  at::Tensor load = at::zeros({4}, at::TensorOptions().dtype(at::kLong));
  add_expert_load(index, mask, load);
  EXPECT_EQ(load[0].item<int64_t>(), 2);
  EXPECT_EQ(load[1].item<int64_t>(), 0);
  EXPECT_EQ(load[2].item<int64_t>(), 1);
  EXPECT_EQ(load[3].item<int64_t>(), 1);
}

TEST(RouterErrors, TopKBeyondTheKeptGroups) {
  RouterConfig c = grouped();
  c.top_k = 9;
  EXPECT_ANY_THROW(
      route(shaped({1, 8}, 1), make_param(shaped({16, 8}, 2), 0), zero_bias(16), c, nullptr));
}

}  // namespace
}  // namespace cohort::kernels
