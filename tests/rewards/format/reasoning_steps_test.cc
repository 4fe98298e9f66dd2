#include <gtest/gtest.h>

#include "rewards/format/reasoning_steps_reward.h"

namespace cohort {
namespace {

TEST(ReasoningSteps, CountsMarks) {
  EXPECT_EQ(count_step_marks("Step 1: a\nStep 22: b"), 2);
  EXPECT_EQ(count_step_marks("1. a\n2. b\n- c\n* d"), 4);
  EXPECT_EQ(count_step_marks("First, a. Second, b. Next, c. Finally, d."), 4);
  EXPECT_EQ(count_step_marks("Step one: a 3.5 - x * 2 first, step 1: Step 1"), 0);
}

TEST(ReasoningSteps, RewardsUpToTheWantedNumber) {
  ReasoningStepsSettings settings;
  settings.wanted = 4;
  const auto reward = settings.make();
  const std::vector<RewardInput> group = {{.completion = "1. a\n2. b"},
                                          {.completion = "1. a\n2. b\n3. c\n4. d\n5. e"}};
  std::vector<RewardResult> results(2);
  reward->score_group({.completions = group}, results);
  EXPECT_EQ(results[0].value, 0.5);
  EXPECT_EQ(results[0].reason, Reason::too_few_steps);
  EXPECT_EQ(results[1].value, 1.0);
}

TEST(ReasoningSteps, TakesMegabytes) {
  EXPECT_EQ(count_step_marks("Step " + std::string(1'000'000, '1')), 0);
}

}  // namespace
}  // namespace cohort
