#include <gtest/gtest.h>

#include "rewards/format/tag_count_reward.h"

namespace cohort {
namespace {

RewardResult count(std::string_view text, TagCountRule rule = {}) {
  return TagCountReward(rule).score({.completion = text});
}

TEST(TagCount, AQuarterForEachTagThatAppearsOnce) {
  EXPECT_EQ(count("<think>a</think><answer>b</answer>").value, 1.0);
  EXPECT_EQ(count("<think>a</think><answer>b</answer>").verdict, Verdict::correct);
  EXPECT_EQ(count("<think>a</think><answer>b").value, 0.75);
  EXPECT_EQ(count("<think>a</think><answer>b").reason, Reason::missing_tag);
  EXPECT_EQ(count("<think><think>a</think><answer>b</answer>").value, 0.75);
  EXPECT_EQ(count("<think><think>a</think><answer>b</answer>").reason, Reason::repeated_tag);
  EXPECT_EQ(count("").value, 0.0);
}

TEST(TagCount, OrderCountsByOptionAlone) {
  const std::string_view text = "</think><think><answer></answer>";
  EXPECT_EQ(count(text).value, 1.0);
  EXPECT_EQ(count(text, {.ordered = true}).value, 0.75);
  EXPECT_EQ(count(text, {.ordered = true}).reason, Reason::think_out_of_place);
  EXPECT_EQ(count("</answer><answer></think><think>", {.ordered = true}).value, 0.25);
  EXPECT_EQ(count("<think></think><answer></answer>", {.ordered = true}).value, 1.0);
}

TEST(TagCount, NewlinesByOptionAlone) {
  EXPECT_EQ(count("<think>\n</think>\n<answer>\n</answer>", {.newlines = true}).value, 1.0);
  EXPECT_EQ(count("<think>a</think>\n<answer>b</answer>", {.newlines = true}).value, 0.0);
}

}  // namespace
}  // namespace cohort
