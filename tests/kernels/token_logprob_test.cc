#include "kernels/token_logprob/token_logprob.h"

#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

struct ReferenceRows {
  Doubles logprob, entropy;
};

ReferenceRows reference(const Doubles& h, const Doubles& w, const std::vector<int32_t>& targets,
                        double temperature, int64_t num_valid, int64_t dim) {
  ReferenceRows out;
  for (size_t p = 0; p < targets.size(); ++p) {
    Doubles z(num_valid);
    double largest = -1e300;
    for (int64_t v = 0; v < num_valid; ++v) {
      for (int64_t d = 0; d < dim; ++d) z[v] += h[p * dim + d] * w[v * dim + d];
      z[v] /= temperature;
      largest = std::max(largest, z[v]);
    }
    double sum = 0, mean = 0;
    for (const double value : z) sum += std::exp(value - largest);
    const double lse = largest + std::log(sum);
    for (const double value : z) mean += std::exp(value - lse) * value;
    out.logprob.push_back(z[targets[p]] - lse);
    out.entropy.push_back(lse - mean);
  }
  return out;
}

std::vector<int32_t> some_targets(int64_t rows, int64_t num_valid) {
  std::vector<int32_t> targets(rows);
  for (int64_t p = 0; p < rows; ++p) targets[p] = static_cast<int32_t>((p * 31 + 5) % num_valid);
  targets[0] = 0;
  targets[rows - 1] = static_cast<int32_t>(num_valid - 1);
  return targets;
}

class TokenLogprobTest : public ::testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Dtypes, TokenLogprobTest, ::testing::Values(at::kFloat, at::kBFloat16));

TEST_P(TokenLogprobTest, ValuesAndGradientsAgreeWithDouble) {
  const int64_t rows = 7, dim = 13;
  for (const auto& [vocab, num_valid] :
       {std::pair<int64_t, int64_t>{75, 70}, {320, 320}, {16, 1}}) {
    const double temperature = 0.7;
    const at::Tensor h = shaped({rows, dim}, 1, GetParam()).requires_grad_();
    const Param w = make_param(shaped({vocab, dim}, 2).mul(0.4).to(GetParam()), 3);
    const std::vector<int32_t> targets = some_targets(rows, num_valid);
    const TokenLogprob out =
        token_logprob(h, w, ints(targets), temperature, num_valid, row_shards({0, 3, 3, rows}));
    const Doubles hd = doubles(h), wd = doubles(w.data);
    const ReferenceRows want = reference(hd, wd, targets, temperature, num_valid, dim);
    expect_close(out.logprob, want.logprob, 1e-5);
    expect_close(out.entropy, want.entropy, 1e-5);

    const at::Tensor d_logprob = shaped({rows}, 3), d_entropy = shaped({rows}, 4);
    out.logprob.mul(d_logprob).sum().add(out.entropy.mul(d_entropy).sum()).backward();
    const auto loss = [&](const Doubles& hv, const Doubles& wv) {
      const ReferenceRows r = reference(hv, wv, targets, temperature, num_valid, dim);
      return dot(r.logprob, doubles(d_logprob)) + dot(r.entropy, doubles(d_entropy));
    };
    const double tolerance = GetParam() == at::kFloat ? 5e-5 : 5e-2;
    expect_gradient(
        h.grad(), [&](const Doubles& v) { return loss(v, wd); }, hd, tolerance);
    expect_gradient(
        w.grad.sum(0), [&](const Doubles& v) { return loss(hd, v); }, wd, tolerance);
    EXPECT_EQ(w.grad[1].abs().max().item<float>(), 0.0f);  // the empty shard
  }
}

TEST_P(TokenLogprobTest, OneOutputAloneMayTakeAGradient) {
  const at::Tensor h = shaped({2, 8}, 1, GetParam()).requires_grad_();
  const Param w = make_param(shaped({20, 8}, 2, GetParam()), 0);
  token_logprob(h, w, ints({3, 4}), 1.0, 20, nullptr).logprob.sum().backward();
  EXPECT_GT(h.grad().abs().max().item<float>(), 0.0f);
}

// More rows than a block holds, in two shards.
TEST_P(TokenLogprobTest, ARowHasTheSameBitsAloneInABatchAndWithAnyThreads) {
  const int64_t rows = 700, dim = 32, vocab = 200;
  const at::Tensor h = shaped({rows, dim}, 1, GetParam());
  Param w = make_param(shaped({vocab, dim}, 2, GetParam()).mul(0.3), 2);
  const std::vector<int32_t> targets = some_targets(rows, vocab);
  const auto run = [&] {
    w.grad.zero_();
    const at::Tensor in = h.detach().clone().requires_grad_();
    const TokenLogprob out =
        token_logprob(in, w, ints(targets), 1.3, vocab, row_shards({0, 150, rows}));
    out.logprob.sum().add(out.entropy.mul(0.1).sum()).backward();
    return std::vector<at::Tensor>{out.logprob, out.entropy, in.grad(), w.grad.clone()};
  };
  const auto [one, two] = with_one_and_two_threads(run);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], two[i])) << i;
  for (const int64_t row : {0, 149, 699}) {
    const at::Tensor alone = h.narrow(0, row, 1).clone().requires_grad_();
    const TokenLogprob out =
        token_logprob(alone, w, ints({targets[row]}), 1.3, vocab, row_shards({0, 0, 1}));
    EXPECT_TRUE(same_bits(out.logprob, one[0].narrow(0, row, 1)));
    EXPECT_TRUE(same_bits(out.entropy, one[1].narrow(0, row, 1)));
    out.logprob.sum().add(out.entropy.mul(0.1).sum()).backward();
    EXPECT_TRUE(same_bits(alone.grad(), one[2].narrow(0, row, 1)));
  }
}

// A shard's weight gradient does not depend on the shards beside it.
TEST_P(TokenLogprobTest, AShardsWeightGradientIsItsOwn) {
  const int64_t rows = 600, dim = 16, vocab = 64;
  const at::Tensor h = shaped({rows, dim}, 1, GetParam());
  const std::vector<int32_t> targets = some_targets(rows, vocab);
  const auto gradient = [&](int64_t begin, int64_t end, std::vector<int64_t> shards) {
    Param w =
        make_param(shaped({vocab, dim}, 2, GetParam()), static_cast<int64_t>(shards.size()) - 1);
    const at::Tensor in = h.narrow(0, begin, end - begin).clone().requires_grad_();
    const std::vector<int32_t> own(targets.begin() + begin, targets.begin() + end);
    token_logprob(in, w, ints(own), 1.0, vocab, row_shards(shards)).logprob.sum().backward();
    return w.grad;
  };
  const at::Tensor both = gradient(0, rows, {0, 7, rows});
  EXPECT_TRUE(same_bits(both[0], gradient(0, 7, {0, 7})[0]));
  EXPECT_TRUE(same_bits(both[1], gradient(7, rows, {0, rows - 7})[0]));
}

TEST_P(TokenLogprobTest, TheSamplersLogprobHasTheBitsOfTraining) {
  const int64_t rows = 9, dim = 24, vocab = 323, num_valid = 321;
  const double temperature = 0.6;
  const at::Tensor h = shaped({rows, dim}, 1, GetParam());
  const Param w = make_param(shaped({vocab, dim}, 2, GetParam()).mul(0.3), 0);
  const std::vector<int32_t> targets = some_targets(rows, num_valid);
  const at::Tensor trained =
      token_logprob(h, w, ints(targets), temperature, num_valid, nullptr).logprob;
  const at::Tensor z = logits(h, w);
  for (int64_t p = 0; p < rows; ++p) {
    const float* row = z.const_data_ptr<float>() + p * vocab;
    const float sampled = row_logprob(row, targets[p], row_softmax(row, num_valid, temperature));
    EXPECT_EQ(sampled, trained.const_data_ptr<float>()[p]);
  }
}

TEST(TokenLogprobErrors, TargetInThePadding) {
  const Param w = make_param(shaped({16, 8}, 2), 0);
  EXPECT_ANY_THROW(token_logprob(shaped({1, 8}, 1), w, ints({12}), 1.0, 12, nullptr));
  EXPECT_ANY_THROW(token_logprob(shaped({1, 8}, 1), w, ints({1}), 0.0, 12, nullptr));
}

}  // namespace
}  // namespace cohort::kernels
