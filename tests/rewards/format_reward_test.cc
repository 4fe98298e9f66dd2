#include "rewards/format/format_reward.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

void expect(std::string_view completion, Reason reason) {
  EXPECT_STREQ(reason_name(check_format(completion)), reason_name(reason)) << completion;
}

TEST(FormatReward, AcceptsThinkingThenAnswer) {
  expect("<think>3+2</think><answer>5</answer>", Reason::ok);
  expect("<think></think><answer>5</answer>", Reason::ok);
  expect(" \r\n<think>\na < b\n</think>\r\n\t<answer>\n5\n</answer>\n", Reason::ok);
}

TEST(FormatReward, NamesWhatIsWrong) {
  expect("", Reason::no_think);
  expect("5", Reason::no_think);
  expect("<answer>5</answer>", Reason::no_think);
  expect("<think>3+2", Reason::no_think);
  expect("<think>3+2<answer>5</answer>", Reason::no_think);
  expect("</think><answer>5</answer>", Reason::no_think);
  expect("Well: <think></think><answer>5</answer>", Reason::text_outside_tags);
  expect("<think></think> so <answer>5</answer>", Reason::text_outside_tags);
  expect("<think></think><answer>5</answer> done", Reason::text_outside_tags);
  expect("<answer>5</answer><think></think>", Reason::think_out_of_place);
  expect("<think></think></think><answer>5</answer>", Reason::think_out_of_place);
  expect("<think></think><answer>5<think></answer>", Reason::think_out_of_place);
  expect("<think></think><answer>5</answer></think>", Reason::think_out_of_place);
  expect("<think><think></think><answer>5</answer>", Reason::repeated_tag);
  expect("<think><answer>5</answer></think><answer>5</answer>", Reason::repeated_tag);
  expect("<think></think><answer>5<answer>6</answer>", Reason::repeated_tag);
  expect("<think></think><answer>5</answer><answer>6</answer>", Reason::repeated_tag);
  expect("<think></think><answer>5</answer></answer>", Reason::repeated_tag);
  expect("<think></think>", Reason::no_answer);
  expect("<think><answer>5</answer></think>", Reason::no_answer);
  expect("<think></think><answer>5", Reason::unterminated_answer);
  expect("<think></think><answer> </answer>", Reason::empty_answer);
  expect("<THINK></THINK><answer>5</answer>", Reason::no_think);
}

TEST(FormatReward, ACutCompletionNeverHasTheFormat) {
  const FormatReward reward;
  const std::string_view text = "<think></think><answer>5</answer>";
  EXPECT_EQ(reward.score({.completion = text}).value, 1.0);
  const RewardResult cut = reward.score({.completion = text, .truncated = true});
  EXPECT_EQ(cut.value, 0.0);
  EXPECT_EQ(cut.reason, Reason::truncated);
}

TEST(FormatReward, TakesMegabytes) {
  std::string text;
  while (text.size() < 1'000'000) text += "<think></think>";
  expect(text, Reason::no_answer);
  expect("<think>" + std::string(1'000'000, '<') + "</think><answer>5</answer>", Reason::ok);
}

}  // namespace
}  // namespace cohort
