#include "kernels/rows/rows.h"

#include "kernels/embedding/embedding.h"
#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

class Rows : public ::testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Dtypes, Rows, ::testing::Values(at::kFloat, at::kBFloat16));

TEST_P(Rows, PickedRowsAreCopiesAndGradientsAddUpInOrder) {
  const at::Tensor x = shaped({5, 33}, 1, GetParam()).requires_grad_();
  const std::vector<int32_t> index = {4, 0, 4, 2, 4};
  const at::Tensor y = pick_rows(x, ints(index));
  for (size_t p = 0; p < index.size(); ++p) EXPECT_TRUE(same_bits(y[p], x[index[p]]));
  const at::Tensor dy = shaped({5, 33}, 2, GetParam());
  y.backward(dy);
  const at::Tensor d = dy.to(at::kFloat);
  EXPECT_TRUE(same_bits(x.grad()[4], d[0].add(d[2]).add(d[4]).to(GetParam())));
  EXPECT_TRUE(same_bits(x.grad()[0], dy[1]));
  EXPECT_EQ(x.grad()[1].abs().max().item<float>(), 0.0f);
  EXPECT_EQ(x.grad()[3].abs().max().item<float>(), 0.0f);
}

TEST_P(Rows, EmbeddingGradientGoesToTheShardOfTheRow) {
  const Param w = make_param(shaped({7, 70}, 1, GetParam()), 2);
  const std::vector<int32_t> tokens = {3, 6, 3, 3, 0};
  const at::Tensor y = embedding(ints(tokens), w, row_shards({0, 2, 5}));
  ASSERT_TRUE(y.requires_grad());
  for (size_t t = 0; t < tokens.size(); ++t) EXPECT_TRUE(same_bits(y[t], w.data[tokens[t]]));
  const at::Tensor dy = shaped({5, 70}, 2, GetParam());
  y.backward(dy);
  const at::Tensor d = dy.to(at::kFloat);
  EXPECT_TRUE(same_bits(w.grad[0][3], d[0]));
  EXPECT_TRUE(same_bits(w.grad[0][6], d[1]));
  EXPECT_TRUE(same_bits(w.grad[1][3], d[2].add(d[3])));
  EXPECT_TRUE(same_bits(w.grad[1][0], d[4]));
  EXPECT_EQ(w.grad[1][6].abs().max().item<float>(), 0.0f);
}

TEST(RowsThreads, GradientsHaveTheSameBits) {
  std::vector<int32_t> tokens(2000);
  for (int i = 0; i < 2000; ++i) tokens[i] = (i * i) % 17;
  const auto run = [&] {
    const Param w = make_param(shaped({17, 130}, 1), 1);
    const at::Tensor y = embedding(ints(tokens), w, row_shards({0, 2000}));
    const at::Tensor picked = pick_rows(y, ints(tokens));
    picked.backward(shaped({2000, 130}, 2));
    return w.grad;
  };
  const auto [one, two] = with_one_and_two_threads(run);
  EXPECT_TRUE(same_bits(one, two));
}

TEST(RowsErrors, IndexAndTokenOutOfRange) {
  EXPECT_ANY_THROW(pick_rows(shaped({2, 4}, 1), ints({2})));
  EXPECT_ANY_THROW(embedding(ints({-1}), make_param(shaped({2, 4}, 1), 0), nullptr));
}

TEST(RowsErrors, NoGradientWhereTheWeightIsFrozen) {
  EXPECT_FALSE(embedding(ints({1}), make_param(shaped({2, 4}, 1), 0), nullptr).requires_grad());
}

}  // namespace
}  // namespace cohort::kernels
