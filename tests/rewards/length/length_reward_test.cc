#include "rewards/length/length_reward.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "rewards/length/overlong.h"

namespace cohort {
namespace {

constexpr RewardResult kRight{.value = 1, .verdict = Verdict::correct};
constexpr RewardResult kWrong{.value = 0, .verdict = Verdict::incorrect};
constexpr RewardResult kUndecided{.verdict = Verdict::undecided, .reason = Reason::gold_unparsable};

std::vector<RewardResult> score(const RewardSettings& settings, const std::vector<int64_t>& tokens,
                                const std::vector<RewardResult>& accuracy) {
  std::vector<RewardInput> group;
  for (const int64_t count : tokens) group.push_back({.tokens = count});
  std::vector<RewardResult> results(group.size());
  settings.make()->score_group({.completions = group, .accuracy = accuracy}, results);
  return results;
}

TEST(Overlong, GrowsOverTheCacheAndStaysAtMinusOne) {
  EXPECT_EQ(soft_overlong(0, 100, 20), 0.0);
  EXPECT_EQ(soft_overlong(80, 100, 20), 0.0);
  EXPECT_EQ(soft_overlong(85, 100, 20), -0.25);
  EXPECT_EQ(soft_overlong(100, 100, 20), -1.0);
  EXPECT_EQ(soft_overlong(5000, 100, 20), -1.0);

  OverlongSettings settings;
  settings.max_length = 100;
  settings.cache = 20;
  const auto results = score(settings, {80, 90}, {});
  EXPECT_EQ(results[0].reason, Reason::ok);
  EXPECT_EQ(results[1].value, -0.5);
  EXPECT_EQ(results[1].reason, Reason::overlong);
}

TEST(CosineLength, NeverClimbsAgainBeyondItsLength) {
  CosineLengthSettings settings;
  for (const int64_t tokens : {1000, 1500, 2000, 1'000'000}) {
    EXPECT_EQ(score(settings, {tokens}, {kRight})[0].value, 0.5);
    EXPECT_EQ(score(settings, {tokens}, {kWrong})[0].value, -0.5);
  }
  EXPECT_EQ(score(settings, {0}, {kRight})[0].value, 1.0);
  EXPECT_EQ(score(settings, {0}, {kWrong})[0].value, -1.0);
  EXPECT_EQ(score(settings, {0}, {kWrong})[0].reason, Reason::wrong_answer);
}

TEST(LengthRewards, GiveNothingWhereTheAnswerIsUndecided) {
  for (const RewardSettings* settings :
       {static_cast<const RewardSettings*>(new CosineLengthSettings),
        static_cast<const RewardSettings*>(new KimiLengthSettings)}) {
    const std::unique_ptr<const RewardSettings> owned(settings);
    const auto results = score(*settings, {10, 20}, {kUndecided, kRight});
    EXPECT_EQ(results[0].value, 0.0);
    EXPECT_EQ(results[0].verdict, Verdict::not_applicable);
    EXPECT_EQ(results[0].reason, Reason::gold_unparsable);
    EXPECT_EQ(results[1].verdict, Verdict::correct);
    const auto unjudged = score(*settings, {10}, {});
    EXPECT_EQ(unjudged[0].value, 0.0);
    EXPECT_EQ(unjudged[0].reason, Reason::no_accuracy);
  }
}

TEST(KimiLength, ShortRightAnswersGainAndWrongOnesNever) {
  const auto results = score(KimiLengthSettings(), {10, 20, 30}, {kRight, kWrong, kWrong});
  EXPECT_EQ(results[0].value, 0.5);
  EXPECT_EQ(results[1].value, 0.0);
  EXPECT_EQ(results[2].value, -0.5);
  for (const RewardResult& result : score(KimiLengthSettings(), {7, 7}, {kRight, kWrong}))
    EXPECT_EQ(result.value, 0.0);
}

TEST(LengthRewards, RefuseARubricThatDoesNotJudge) {
  RewardConfig length, math;
  length.kind = "kimi_length";
  math.kind = "math";
  EXPECT_THROW(Rubric({length}), ConfigError);
  const Rubric rubric({length, math});
  const std::vector<RewardInput> group = {
      {.completion = "<answer>5</answer>", .answer = "5", .tokens = 4},
      {.completion = "<answer>6</answer>", .answer = "5", .tokens = 9}};
  const auto scored = rubric.score_group(group);
  EXPECT_EQ(scored[0].components[0].value, 0.5);
  EXPECT_EQ(scored[1].components[0].value, -0.5);
}

}  // namespace
}  // namespace cohort
