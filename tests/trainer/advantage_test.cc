#include "trainer/advantage.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cohort {
namespace {

std::vector<double> advantages_of(const std::string& estimator,
                                  const std::vector<double>& rewards) {
  AdvantageConfig config;
  config.adv_estimator = estimator;
  return compute_advantages(config, {rewards})[0];
}

TEST(Advantage, GrpoDividesByTheSampleDeviation) {
  // Mean 1, deviations -1 -1 2, sum of squares 6, variance 6 / 2.
  const auto a = advantages_of("grpo", {0, 0, 3});
  EXPECT_DOUBLE_EQ(a[0], -1 / (std::sqrt(3.0) + 1e-6));
  EXPECT_DOUBLE_EQ(a[2], 2 / (std::sqrt(3.0) + 1e-6));
}

TEST(Advantage, DrGrpoOnlyCentres) {
  AdvantageConfig config;
  config.norm_adv_by_std_in_grpo = false;
  const auto a = compute_advantages(config, {{0, 0, 3}, {1, 2}});
  EXPECT_EQ(a[0], (std::vector<double>{-1, -1, 2}));
  EXPECT_EQ(a[1], (std::vector<double>{-0.5, 0.5}));
}

TEST(Advantage, RlooComparesWithTheOthers) {
  EXPECT_EQ(advantages_of("rloo", {1, 0, 0.5}), (std::vector<double>{0.75, -0.75, 0.0}));
}

TEST(Advantage, ReinforcePlusPlusWhitensOverTheBatch) {
  AdvantageConfig config;
  config.adv_estimator = "reinforce++";
  const auto a = compute_advantages(config, {{0, 0}, {3}});
  EXPECT_DOUBLE_EQ(a[0][1], -1 / (std::sqrt(3.0) + 1e-6));
  EXPECT_DOUBLE_EQ(a[1][0], 2 / (std::sqrt(3.0) + 1e-6));
}

TEST(Advantage, EqualRewardsGiveExactlyZero) {
  // The mean of eight 1.05f is not 1.05f in floating point, and noise over a tiny deviation would
  // be large.
  const std::vector<double> equal(8, 1.05f);
  for (const char* estimator : {"grpo", "rloo", "reinforce++"}) {
    for (double a : advantages_of(estimator, equal)) EXPECT_EQ(a, 0.0) << estimator;
    EXPECT_EQ(advantages_of(estimator, {0.3}), std::vector<double>{0.0})
        << estimator << ": a group of one";
    EXPECT_TRUE(advantages_of(estimator, {}).empty()) << estimator;
  }
}

TEST(Advantage, RefusesRewardsThatAreNotFinite) {
  EXPECT_ANY_THROW(advantages_of("grpo", {0, std::nan("")}));
}

TEST(OverlongPunishment, FallsOverTheBuffer) {
  EXPECT_EQ(overlong_punishment(10, 100, 20, 1.0), 0.0);
  EXPECT_EQ(overlong_punishment(80, 100, 20, 1.0), 0.0);
  EXPECT_EQ(overlong_punishment(90, 100, 20, 1.0), -0.5);
  EXPECT_EQ(overlong_punishment(100, 100, 20, 2.0), -2.0);
}

TEST(KlInReward, SumsOverCountedTokens) {
  const std::vector<float> logprob = {-1.0f, -2.0f, -3.0f}, reference = {-1.5f, -2.25f, -1.0f};
  const std::vector<uint8_t> mask = {1, 1, 0};
  EXPECT_EQ(kl_in_reward(logprob, reference, mask), 0.75);
}

}  // namespace
}  // namespace cohort
