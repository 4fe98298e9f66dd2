#include "kernels/optimizer/optimizer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "core/base/threads.h"

namespace cohort::kernels {
namespace {

std::vector<float> normal(int64_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> draw;
  std::vector<float> values(size);
  for (float& value : values) value = draw(generator);
  return values;
}

TEST(AdamW, follows_the_formula_in_double) {
  const int64_t size = 40000;
  std::vector<float> w = normal(size, 1), m(size), v(size);
  std::vector<double> w64(w.begin(), w.end()), m64(size), v64(size);
  for (int64_t t = 1; t <= 5; ++t) {
    const std::vector<float> g = normal(size, 10 + t);
    const AdamWStep step{.lr = 1e-2,
                         .beta1 = 0.9,
                         .beta2 = 0.95,
                         .eps = 1e-8,
                         .weight_decay = 0.1,
                         .grad_scale = 0.5,
                         .step = t};
    adamw_update(w, m, v, g, step);
    for (int64_t i = 0; i < size; ++i) {
      const double scaled = 0.5 * g[i];
      m64[i] = 0.9 * m64[i] + 0.1 * scaled;
      v64[i] = 0.95 * v64[i] + 0.05 * scaled * scaled;
      const double update =
          m64[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v64[i] / (1 - std::pow(0.95, t))) + 1e-8);
      w64[i] -= 1e-2 * (update + 0.1 * w64[i]);
    }
  }
  for (int64_t i = 0; i < size; ++i) ASSERT_NEAR(w[i], w64[i], 2e-6) << i;
}

TEST(AdamW, has_the_same_bits_at_any_position_and_on_any_number_of_threads) {
  const int64_t size = 70001;
  const std::vector<float> g = normal(size, 3);
  const AdamWStep step{.lr = 1e-3,
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .eps = 1e-8,
                       .weight_decay = 0.01,
                       .grad_scale = 1,
                       .step = 7};
  auto run = [&](int threads, int64_t piece) {
    set_num_threads(threads);
    std::vector<float> w = normal(size, 4), m = normal(size, 5), v = normal(size, 6);
    for (float& value : v) value = value * value;
    for (int64_t begin = 0; begin < size; begin += piece) {
      const size_t count = std::min(piece, size - begin);
      adamw_update(std::span(w).subspan(begin, count), std::span(m).subspan(begin, count),
                   std::span(v).subspan(begin, count), std::span(g).subspan(begin, count), step);
    }
    return w;
  };
  const std::vector<float> whole = run(2, size);
  EXPECT_EQ(whole, run(1, size));
  EXPECT_EQ(whole, run(2, 777));
  set_num_threads(2);
}

TEST(Norm, sums_each_block_in_double_and_alone) {
  const std::vector<float> x = normal(3 * kNormBlock + 17, 8);
  std::vector<double> blocks(4);
  block_sums_of_squares(x, blocks);
  for (int64_t b = 0; b < 4; ++b) {
    const auto part = std::span(x).subspan(b * kNormBlock, b < 3 ? kNormBlock : 17);
    double expected = 0;
    for (float value : part) expected += static_cast<double>(value) * value;
    EXPECT_NEAR(blocks[b], expected, 1e-12 * expected);
    double alone = 0;
    block_sums_of_squares(part, std::span(&alone, 1));
    EXPECT_EQ(alone, blocks[b]);
  }
}

TEST(RoundToBf16, is_nearest_even_with_infinities_and_nan) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> in = {1.0f,
                                 std::bit_cast<float>(0x3f808000u),  // tie, even below
                                 std::bit_cast<float>(0x3f818000u),  // tie, even above
                                 std::bit_cast<float>(0x3f808001u),
                                 -0.0f,
                                 inf,
                                 -inf,
                                 std::bit_cast<float>(0x7f800001u),
                                 std::bit_cast<float>(0x7f7fffffu),
                                 std::bit_cast<float>(0x00008001u)};
  std::vector<uint16_t> out(in.size());
  round_to_bf16(in, out);
  EXPECT_EQ(out, (std::vector<uint16_t>{0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x8000, 0x7f80, 0xff80,
                                        0x7fc0, 0x7f80, 0x0001}));
}

TEST(AllFinite, finds_one_bad_element_anywhere) {
  std::vector<float> x = normal(50000, 9);
  EXPECT_TRUE(all_finite(x));
  for (int64_t where : {0, 1, 15, 16384, 33333, 49999}) {
    for (float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
      std::vector<float> y = x;
      y[where] = bad;
      EXPECT_FALSE(all_finite(y)) << where;
    }
  }
  EXPECT_TRUE(all_finite({}));
}

}  // namespace
}  // namespace cohort::kernels
