#include "kernels/moe/moe.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <random>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "kernels/moe/plan.h"

namespace cohort::kernels {
namespace {

struct Sizes {
  int64_t tokens, top_k, experts, hidden, inner, shards;
};

struct Problem {
  Sizes sizes;
  at::Tensor x, index, weight;
  Param gate_up, down;
  RowShards shards;
};

at::Tensor random_index(int64_t tokens, int64_t top_k, int64_t experts) {
  std::mt19937 generator(5);
  at::Tensor index = at::empty({tokens, top_k}, at::kInt);
  std::vector<int32_t> all(experts);
  for (int64_t e = 0; e < experts; ++e) all[e] = static_cast<int32_t>(e);
  for (int64_t t = 0; t < tokens; ++t) {
    std::shuffle(all.begin(), all.end(), generator);
    for (int64_t j = 0; j < top_k; ++j) index.data_ptr<int32_t>()[t * top_k + j] = all[j];
  }
  return index;
}

Problem make(const Sizes& s, at::ScalarType dtype) {
  at::manual_seed(3);
  Problem p;
  p.sizes = s;
  p.x = at::randn({s.tokens, s.hidden}).to(dtype);
  p.index = random_index(s.tokens, s.top_k, s.experts);
  p.weight = at::rand({s.tokens, s.top_k});
  p.gate_up.data = (at::randn({s.experts, 2 * s.inner, s.hidden}) * 0.1).to(dtype);
  p.down.data = (at::randn({s.experts, s.hidden, s.inner}) * 0.1).to(dtype);
  p.gate_up.grad = at::zeros({s.shards, s.experts, 2 * s.inner, s.hidden}, at::kFloat);
  p.down.grad = at::zeros({s.shards, s.experts, s.hidden, s.inner}, at::kFloat);
  std::vector<int64_t> borders;
  for (int64_t i = 0; i <= s.shards; ++i) borders.push_back(i * s.tokens / s.shards);
  p.shards = std::make_shared<const std::vector<int64_t>>(borders);
  return p;
}

// The op's formula, token by token, in float64 with autograd.
struct Reference {
  at::Tensor y, dx, d_weight, d_gate_up, d_down;
};

Reference reference(const Problem& p, const at::Tensor& dy) {
  at::AutoGradMode grad(true);
  const auto leaf = [](const at::Tensor& t) {
    return t.detach().to(at::kDouble).clone().set_requires_grad(true);
  };
  at::Tensor x = leaf(p.x), weight = leaf(p.weight), up = leaf(p.gate_up.data),
             down = leaf(p.down.data);
  std::vector<at::Tensor> rows;
  for (int64_t t = 0; t < p.sizes.tokens; ++t) {
    at::Tensor sum = at::zeros({p.sizes.hidden}, at::kDouble);
    for (int64_t j = 0; j < p.sizes.top_k; ++j) {
      const int64_t e = p.index[t][j].item<int32_t>();
      const at::Tensor h = at::matmul(up[e], x[t]);
      const at::Tensor act =
          at::silu(h.slice(0, 0, p.sizes.inner)) * h.slice(0, p.sizes.inner, 2 * p.sizes.inner);
      sum = sum + weight[t][j] * at::matmul(down[e], act);
    }
    rows.push_back(sum);
  }
  at::Tensor y = at::stack(rows);
  y.backward(dy.to(at::kDouble));
  return {y.detach(), x.grad(), weight.grad(), up.grad(), down.grad()};
}

double relative_error(const at::Tensor& value, const at::Tensor& expected) {
  return (value.to(at::kDouble) - expected).norm().item<double>() /
         (expected.norm().item<double>() + 1e-30);
}

struct Result {
  at::Tensor y, dx, d_weight;
};

Result run(Problem& p, const at::Tensor& dy) {
  at::Tensor x = p.x.detach().clone().set_requires_grad(true);
  at::Tensor weight = p.weight.detach().clone().set_requires_grad(true);
  p.gate_up.grad.zero_();
  p.down.grad.zero_();
  at::Tensor y = moe(x, p.index, weight, p.gate_up, p.down, p.shards);
  y.backward(dy);
  return {y.detach(), x.grad(), weight.grad()};
}

class Moe : public testing::TestWithParam<at::ScalarType> {
 protected:
  void TearDown() override { set_num_threads(2); }
};
INSTANTIATE_TEST_SUITE_P(Types, Moe, testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& info) {
                           return info.param == at::kFloat ? "fp32" : "bf16";
                         });

TEST_P(Moe, matches_float64_forward_and_backward) {
  for (const Sizes& s : {Sizes{9, 1, 2, 16, 8, 1}, Sizes{5, 2, 4, 24, 7, 1},
                         Sizes{70, 3, 9, 33, 17, 3}, Sizes{150, 2, 4, 40, 32, 4}}) {
    SCOPED_TRACE(fmt::format("{} tokens, {} experts", s.tokens, s.experts));
    Problem p = make(s, GetParam());
    const at::Tensor dy = at::randn({s.tokens, s.hidden}).to(GetParam());
    const Result r = run(p, dy);
    const Reference expected = reference(p, dy);
    const double tolerance = GetParam() == at::kFloat ? 3e-6 : 2e-2;
    EXPECT_LT(relative_error(r.y, expected.y), tolerance);
    EXPECT_LT(relative_error(r.dx, expected.dx), tolerance);
    EXPECT_LT(relative_error(r.d_weight, expected.d_weight), tolerance);
    EXPECT_LT(relative_error(p.gate_up.grad.sum(0), expected.d_gate_up), tolerance);
    EXPECT_LT(relative_error(p.down.grad.sum(0), expected.d_down), tolerance);
  }
}

TEST_P(Moe, a_token_has_the_same_bits_in_any_batch_and_on_any_number_of_threads) {
  Problem p = make({260, 3, 8, 72, 40, 1}, GetParam());
  at::NoGradGuard no_grad;
  const at::Tensor whole = moe(p.x, p.index, p.weight, p.gate_up, p.down, nullptr);
  for (int threads : {1, 2}) {
    set_num_threads(threads);
    for (int64_t count : {1, 2, 3, 7, 8, 31, 100, 259, 260}) {
      for (int64_t from : {int64_t{0}, (260 - count) / 2, 260 - count}) {
        const auto part = [&](const at::Tensor& t) { return t.slice(0, from, from + count); };
        const at::Tensor y =
            moe(part(p.x), part(p.index), part(p.weight), p.gate_up, p.down, nullptr);
        ASSERT_TRUE(at::equal(y, part(whole))) << count << " from " << from;
      }
    }
  }
}

TEST_P(Moe, gradients_have_the_same_bits_in_any_batch_and_shards_of_separate_calls) {
  Problem p = make({300, 2, 6, 48, 24, 3}, GetParam());
  const at::Tensor dy = at::randn({300, 48}).to(GetParam());
  const Result whole = run(p, dy);
  const at::Tensor up_grad = p.gate_up.grad.clone(), down_grad = p.down.grad.clone();
  set_num_threads(1);
  const Result one_thread = run(p, dy);
  EXPECT_TRUE(at::equal(whole.dx, one_thread.dx));
  EXPECT_TRUE(at::equal(whole.d_weight, one_thread.d_weight));
  EXPECT_TRUE(at::equal(up_grad, p.gate_up.grad));
  EXPECT_TRUE(at::equal(down_grad, p.down.grad));
  for (int64_t s = 0; s < 3; ++s) {
    const int64_t from = 100 * s, to = from + 100;
    Problem part = make({100, 2, 6, 48, 24, 1}, GetParam());
    part.x = p.x.slice(0, from, to);
    part.index = p.index.slice(0, from, to);
    part.weight = p.weight.slice(0, from, to);
    part.gate_up.data = p.gate_up.data;
    part.down.data = p.down.data;
    const Result r = run(part, dy.slice(0, from, to));
    EXPECT_TRUE(at::equal(r.y, whole.y.slice(0, from, to)));
    EXPECT_TRUE(at::equal(r.dx, whole.dx.slice(0, from, to)));
    EXPECT_TRUE(at::equal(r.d_weight, whole.d_weight.slice(0, from, to)));
    EXPECT_TRUE(at::equal(part.gate_up.grad[0], up_grad[s]));
    EXPECT_TRUE(at::equal(part.down.grad[0], down_grad[s]));
  }
}

TEST_P(Moe, gives_the_same_bits_with_and_without_autograd) {
  Problem p = make({90, 2, 5, 32, 16, 1}, GetParam());
  const at::Tensor dy = at::randn({90, 32}).to(GetParam());
  const at::Tensor with_grad = run(p, dy).y;
  at::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(with_grad, moe(p.x, p.index, p.weight, p.gate_up, p.down, nullptr)));
}

TEST(MoeGradient, agrees_with_central_differences) {
  Problem p = make({6, 2, 3, 10, 5, 1}, at::kFloat);
  const at::Tensor dy = at::randn({6, 10});
  const Result r = run(p, dy);
  const auto loss = [&] {
    at::NoGradGuard no_grad;
    const at::Tensor y = moe(p.x, p.index, p.weight, p.gate_up, p.down, nullptr);
    return (y.to(at::kDouble) * dy).sum().item<double>();
  };
  const auto check = [&](at::Tensor values, const at::Tensor& gradient, int64_t* version) {
    float* v = values.data_ptr<float>();
    const float* g = gradient.const_data_ptr<float>();
    for (int64_t i = 0; i < values.numel(); i += 3) {
      const float kept = v[i], h = 0.02f;
      double at_step[2];
      for (int side : {0, 1}) {
        v[i] = kept + (side == 0 ? h : -h);
        if (version) ++*version;
        at_step[side] = loss();
      }
      v[i] = kept;
      if (version) ++*version;
      EXPECT_NEAR(g[i], (at_step[0] - at_step[1]) / (2 * h), 2e-4) << i;
    }
  };
  check(p.x, r.dx, nullptr);
  check(p.weight, r.d_weight, nullptr);
  check(p.gate_up.data, p.gate_up.grad, &p.gate_up.version);
  check(p.down.data, p.down.grad, &p.down.version);
}

TEST(MoePlan, sorts_by_expert_and_keeps_the_order_of_tokens) {
  const int64_t tokens = 9000, top_k = 2, experts = 7;  // several blocks of counting
  const at::Tensor index = random_index(tokens, top_k, experts);
  MoePlan plan;
  make_moe_plan(index, experts, plan);
  const int32_t* e = index.const_data_ptr<int32_t>();
  ASSERT_EQ(plan.offsets.front(), 0);
  ASSERT_EQ(plan.offsets.back(), tokens * top_k);
  for (int64_t g = 0; g < experts; ++g) {
    for (int64_t r = plan.offsets[g]; r < plan.offsets[g + 1]; ++r) {
      ASSERT_EQ(e[plan.slot[r]], g);
      ASSERT_EQ(plan.row[plan.slot[r]], r);
      ASSERT_EQ(plan.token[r], plan.slot[r] / top_k);
      if (r > plan.offsets[g]) {
        ASSERT_LT(plan.slot[r - 1], plan.slot[r]);
      }
    }
  }
}

TEST(MoePlan, refuses_an_expert_that_does_not_exist) {
  MoePlan plan;
  EXPECT_THROW(make_moe_plan(at::full({3, 1}, 4, at::kInt), 4, plan), CheckError);
  EXPECT_THROW(make_moe_plan(at::full({3, 1}, -1, at::kInt), 4, plan), CheckError);
}

TEST(MoeEdge, no_tokens_and_idle_experts) {
  Problem p = make({4, 1, 6, 16, 8, 2}, at::kFloat);
  p.index.fill_(2);
  const at::Tensor dy = at::randn({4, 16});
  run(p, dy);
  EXPECT_GT(p.gate_up.grad.select(1, 2).abs().sum().item<float>(), 0);
  EXPECT_EQ(p.gate_up.grad.slice(1, 3, 6).abs().sum().item<float>(), 0);
  Problem none = make({0, 2, 6, 16, 8, 2}, at::kFloat);
  EXPECT_EQ(run(none, at::empty({0, 16})).dx.size(0), 0);
}

TEST(MoeEdge, frozen_experts_still_pass_gradients_on) {
  Problem p = make({20, 2, 4, 16, 8, 1}, at::kFloat),
          frozen = make({20, 2, 4, 16, 8, 1}, at::kFloat);
  const at::Tensor dy = at::randn({20, 16});
  const Result r = run(p, dy);
  frozen.gate_up.grad = frozen.down.grad = at::Tensor();
  at::Tensor x = frozen.x.clone().set_requires_grad(true);
  moe(x, frozen.index, frozen.weight, frozen.gate_up, frozen.down, nullptr).backward(dy);
  EXPECT_TRUE(at::equal(x.grad(), r.dx));
}

}  // namespace
}  // namespace cohort::kernels
