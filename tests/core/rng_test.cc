#include "core/base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/error.h"

namespace cohort {
namespace {

using Words = std::array<uint32_t, 4>;

// Known answers of the authors' library (Random123, kat_vectors, philox4x32 10).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// For one key Philox is a bijection of the counter, and seeds are its key: so draws with one seed
// are equal exactly where packed counters are. Every bit of every part is set alone, and the parts'
// largest values together; all must differ.
TEST(DrawKey, EveryBitOfEveryPartCounts) {
  std::vector<DrawKey> keys(1);
  const auto each_bit = [&](int bits, auto set) {
    for (int bit = 0; bit < bits; ++bit) set(keys.emplace_back(), uint64_t{1} << bit);
    set(keys.emplace_back(), (uint64_t{1} << bits) - 1);
  };
  each_bit(16, [](DrawKey& k, uint64_t v) { k.stage = static_cast<uint32_t>(v); });
  each_bit(52, [](DrawKey& k, uint64_t v) { k.ordinal = v; });
  each_bit(32, [](DrawKey& k, uint64_t v) { k.sample = static_cast<uint32_t>(v); });
  each_bit(24, [](DrawKey& k, uint64_t v) { k.position = static_cast<uint32_t>(v); });
  for (const DrawKind kind : {DrawKind::shuffle, DrawKind::weights, DrawKind::data})
    keys.emplace_back().kind = kind;
  std::set<Words> seen;
  for (const DrawKey& key : keys) EXPECT_TRUE(seen.insert(draw_bits(key)).second);
}

TEST(DrawKey, PartsNeverShareBits) {
  // A sum of two parts' extreme values must not equal another pair's: all corners of the box
  // differ.
  std::set<Words> seen;
  size_t corners = 0;
  for (const uint32_t stage : {0u, 0xFFFFu, 0xFFFu, 0xF000u})
    for (const auto kind : {DrawKind::sample, DrawKind::shuffle, DrawKind::weights, DrawKind::data})
      for (const uint64_t ordinal : {uint64_t{0}, (uint64_t{1} << 52) - 1, uint64_t{1} << 32})
        for (const uint32_t sample : {0u, ~0u, 1u})
          for (const uint32_t position : {0u, 0xFFFFFFu, 1u << 23}) {
            seen.insert(draw_bits({.seed = 9,
                                   .stage = stage,
                                   .kind = kind,
                                   .ordinal = ordinal,
                                   .sample = sample,
                                   .position = position}));
            ++corners;
          }
  EXPECT_EQ(seen.size(), corners);
}

TEST(DrawKey, SeedsGiveOtherDraws) {
  std::set<Words> seen;
  for (int bit = 0; bit < 64; ++bit)
    EXPECT_TRUE(seen.insert(draw_bits({.seed = uint64_t{1} << bit})).second);
}

TEST(DrawKey, PartsOutOfRangeAreRefused) {
  EXPECT_THROW(draw_bits({.stage = 1u << 16}), CheckError);
  EXPECT_THROW(draw_bits({.ordinal = uint64_t{1} << 52}), CheckError);
  EXPECT_THROW(draw_bits({.position = 1u << 24}), CheckError);
}

TEST(DrawUniform, HasMeanVarianceAndRange) {
  constexpr int kDraws = 100000;
  double sum = 0, squares = 0;
  for (uint32_t i = 0; i < kDraws; ++i) {
    const double u = draw_uniform({.seed = 3, .ordinal = i});
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  // Four standard errors: 1/sqrt(12 n) of the mean, 1/sqrt(180 n) of the variance.
  const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
  EXPECT_NEAR(mean, 0.5, 4 / std::sqrt(12.0 * kDraws));
  EXPECT_NEAR(variance, 1.0 / 12, 4 / std::sqrt(180.0 * kDraws));
}

TEST(DrawStream, ContinuesPastTheRangeOfPositions) {
  // Draw 2^24 of a stream is sample 1, position 0: no repeat of draw 0.
  DrawStream stream({.seed = 5, .kind = DrawKind::weights});
  const uint64_t first = stream.next_u64();
  uint64_t last = 0;
  for (int i = 0; i < (1 << 24); ++i) last = stream.next_u64();
  const auto expected = draw_bits({.seed = 5, .kind = DrawKind::weights, .sample = 1});
  EXPECT_EQ(last, uint64_t{expected[0]} << 32 | expected[1]);
  EXPECT_NE(last, first);
}

TEST(DrawStream, NormalsHaveMeanZeroAndVarianceOne) {
  constexpr int kDraws = 100000;
  DrawStream stream({.seed = 11, .kind = DrawKind::weights});
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double z = stream.next_normal();
    ASSERT_TRUE(std::isfinite(z));
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 4 / std::sqrt(1.0 * kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0, 4 * std::sqrt(2.0 / kDraws));
}

TEST(DrawStream, NextBelowIsUniform) {
  DrawStream stream({.seed = 2});
  std::vector<int> counts(7);
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(stream.next_below(7));
  double chi2 = 0;
  for (const int count : counts) chi2 += (count - 10000.0) * (count - 10000.0) / 10000.0;
  EXPECT_LT(chi2, 22.5);  // 6 degrees of freedom, p = 0.001
  EXPECT_THROW(stream.next_below(0), CheckError);
}

TEST(ShuffledOrder, IsAPermutationThatItsKeyDecides) {
  const std::vector<int64_t> order = shuffled_order(1000, 1, 2, 3);
  std::vector<int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(sorted[i], i);
  EXPECT_EQ(order, shuffled_order(1000, 1, 2, 3));
  EXPECT_NE(order, shuffled_order(1000, 2, 2, 3));
  EXPECT_NE(order, shuffled_order(1000, 1, 3, 3));
  EXPECT_NE(order, shuffled_order(1000, 1, 2, 4));
  EXPECT_NE(order, sorted);
  EXPECT_TRUE(shuffled_order(0, 1, 2, 3).empty());
}

}  // namespace
}  // namespace cohort
