#include <gtest/gtest.h>

#include "core/base/error.h"
#include "rewards/reward.h"

namespace cohort {
namespace {

// A group of one.
Rubric::Scored score(const Rubric& rubric, const RewardInput& input) {
  return rubric.score_group({&input, 1}).front();
}

RewardConfig config(const std::string& kind, double weight = 1.0, const std::string& name = "") {
  RewardConfig result;
  result.kind = kind;
  result.weight = weight;
  result.name = name;
  return result;
}

TEST(Rubric, AddsWeightedComponentsAndKeepsEach) {
  const Rubric rubric({config("format", 0.1), config("math", 1.0, "accuracy")});
  EXPECT_EQ(rubric.names(), (std::vector<std::string>{"format", "accuracy"}));
  EXPECT_EQ(rubric.accuracy_component(), 1);

  const auto right =
      score(rubric, {.completion = "<think>a</think><answer>5</answer>", .answer = "5"});
  EXPECT_DOUBLE_EQ(right.total, 1.1);
  const auto bare = score(rubric, {.completion = "<answer>5</answer>", .answer = "5"});
  EXPECT_DOUBLE_EQ(bare.total, 1.0);
  ASSERT_EQ(bare.components.size(), 2u);
  EXPECT_EQ(bare.components[0].reason, Reason::no_think);
  EXPECT_EQ(bare.components[1].verdict, Verdict::correct);
}

TEST(Rubric, AccuracyIsTheFirstMathComponent) {
  EXPECT_EQ(Rubric({config("format")}).accuracy_component(), -1);
  EXPECT_EQ(Rubric({config("math", 1, "a"), config("math", 1, "b")}).accuracy_component(), 0);
  EXPECT_EQ(score(Rubric({}), {}).total, 0.0);
}

TEST(Rubric, AnIncorrectVerdictHasTheValueItWasGiven) {
  RewardConfig math = config("math");
  math.incorrect = -1;
  const Rubric rubric({math});
  EXPECT_EQ(score(rubric, {.completion = "<answer>5</answer>", .answer = "5"}).total, 1.0);
  EXPECT_EQ(score(rubric, {.completion = "<answer>6</answer>", .answer = "5"}).total, -1.0);
  EXPECT_EQ(score(rubric, {.completion = "no answer", .answer = "5"}).total, -1.0);
}

TEST(Rubric, RefusesTwoComponentsOfOneName) {
  EXPECT_THROW(Rubric({config("math"), config("math")}), ConfigError);
  EXPECT_THROW(Rubric({config("math", 1, "a/b")}), ConfigError);
}

TEST(MakeReward, EveryKindIsMadeAndAnUnknownOneNamesTheNearest) {
  for (const std::string& kind : reward_kinds()) {
    const bool needs_a_name = kind == "command" || kind == "library";  // of what to run
    if (needs_a_name)
      EXPECT_THROW(default_settings(kind)->make(), ConfigError) << kind;
    else
      EXPECT_NE(default_settings(kind)->make(), nullptr) << kind;
  }
  try {
    default_settings("fromat");
    FAIL() << "no error";
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("did you mean \"format\""), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace cohort
