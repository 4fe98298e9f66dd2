#include "rewards/format/format_reward.h"

#include <gtest/gtest.h>

#include "rewards/format/tags.h"

namespace cohort {
namespace {

void expect(std::string_view completion, Reason reason, const FormatRule& rule = {}) {
  EXPECT_STREQ(reason_name(check_format(completion, rule)), reason_name(reason)) << completion;
}

TEST(FormatReward, AcceptsThinkingThenAnswer) {
  expect("<think>3+2</think><answer>5</answer>", Reason::ok);
  expect(" \r\n<think>\r\na < b\r\n</think>\r\n\t<answer>\r\n5\r\n</answer>\r\n", Reason::ok);
}

TEST(FormatReward, NamesWhatIsWrong) {
  expect("", Reason::no_think);
  expect("5", Reason::no_think);
  expect("<answer>5</answer>", Reason::no_think);
  expect("<think>3+2", Reason::no_think);
  expect("<think>3+2<answer>5</answer>", Reason::no_think);
  expect("</think><answer>5</answer>", Reason::no_think);
  expect("Well: <think>a</think><answer>5</answer>", Reason::text_outside_tags);
  expect("<think>a</think> so <answer>5</answer>", Reason::text_outside_tags);
  expect("<think>a</think><answer>5</answer> done", Reason::text_outside_tags);
  expect("<think>a</think><answer>5</answer>\u200b", Reason::text_outside_tags);
  expect("<answer>5</answer><think>a</think>", Reason::think_out_of_place);
  expect("<think>a</think></think><answer>5</answer>", Reason::think_out_of_place);
  expect("<think>a</think><answer>5<think></answer>", Reason::think_out_of_place);
  expect("<think>a</think><answer>5</answer></think>", Reason::think_out_of_place);
  expect("<think><think>a</think><answer>5</answer>", Reason::repeated_tag);
  expect("<think><answer>5</answer></think><answer>5</answer>", Reason::repeated_tag);
  expect("<think>a</think><answer>5<answer>6</answer>", Reason::repeated_tag);
  expect("<think>a</think><answer>5</answer><answer>6</answer>", Reason::repeated_tag);
  expect("<think>a</think><answer>5</answer></answer>", Reason::repeated_tag);
  expect("<think>a</think>", Reason::no_answer);
  expect("<think><answer>5</answer></think>", Reason::no_answer);
  expect("<think>a</think><answer>5", Reason::unterminated_answer);
  expect("<think>a</think><answer> </answer>", Reason::empty_answer);
  expect("<think>a</think><answer>\u200b\u3000\u2060</answer>", Reason::empty_answer);
  expect("<THINK>a</THINK><answer>5</answer>", Reason::no_think);
}

TEST(FormatReward, ThinkingMayBeBlankByOptionAlone) {
  for (const char* text :
       {"<think></think><answer>5</answer>", "<think>\n\u200b</think><answer>5</answer>"}) {
    expect(text, Reason::empty_think);
    expect(text, Reason::ok, {.allow_empty_think = true});
  }
}

TEST(FormatReward, WithoutAnswerTagsTheRestIsTheAnswer) {
  const FormatRule rule{.answer_tags = false};
  expect("<think>3+2</think>\n\nIt is 5.", Reason::ok, rule);
  expect("<think>3+2</think>\n", Reason::empty_answer, rule);
  expect("<think>3+2</think>5<think>", Reason::think_out_of_place, rule);
  expect("<think>3+2</think>5</think>6", Reason::think_out_of_place, rule);
  expect("<think>3+2</think><answer>5</answer>", Reason::think_out_of_place, rule);
  expect("<think>3<think>+2</think>5", Reason::repeated_tag, rule);
  expect("Oh <think>3+2</think>5", Reason::text_outside_tags, rule);
  expect("<think>3+2</think>\n5", Reason::missing_newline,
         {.answer_tags = false, .newlines = true});
  expect("<think>\n3+2\n</think>\n5", Reason::ok, {.answer_tags = false, .newlines = true});
}

TEST(FormatReward, NewlinesAsOpenR1HasThem) {
  const FormatRule rule{.newlines = true};
  expect("<think>\na\n</think>\n<answer>\nb\n</answer>", Reason::ok, rule);
  expect("<think>\na\n</think>\n<answer>\nb\n</answer>\n", Reason::ok, rule);
  for (const char* text :
       {" <think>\na\n</think>\n<answer>\nb\n</answer>",
        "<think>a\n</think>\n<answer>\nb\n</answer>", "<think>\na</think>\n<answer>\nb\n</answer>",
        "<think>\na\n</think>\n\n<answer>\nb\n</answer>",
        "<think>\na\n</think><answer>\nb\n</answer>", "<think>\na\n</think>\n<answer>b\n</answer>",
        "<think>\na\n</think>\n<answer>\nb</answer>", "<think>\n</think>\n<answer>\nb\n</answer>"})
    expect(text, Reason::missing_newline, rule);
}

TEST(FormatReward, ACodeBlockOfTheLanguageByOption) {
  const FormatRule rule{.code_block = "c"};
  expect("<think>a</think><answer>\n```c\nint x;\n```\n</answer>", Reason::ok, rule);
  expect("<think>a</think><answer>```cpp\nint x;\n```</answer>", Reason::no_code, rule);
  expect("<think>a</think><answer>```c\nint x;\n</answer>", Reason::no_code, rule);
  expect("<think>```c\nint x;\n```</think><answer>x</answer>", Reason::no_code, rule);
}

TEST(FormatReward, ACutCompletionNeverHasTheFormat) {
  const FormatReward reward;
  const std::string_view text = "<think>a</think><answer>5</answer>";
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

TEST(ThinkingOf, IsWhatStandsBetweenTheOutermostTags) {
  EXPECT_EQ(thinking_of("x<think>a</think>b"), "a");
  EXPECT_EQ(thinking_of("<think>a</think>b<think>c</think>d"), "a</think>b<think>c");
  EXPECT_EQ(thinking_of("<think>cut"), "cut");
  EXPECT_EQ(thinking_of("prefix not put back</think>b"), "prefix not put back");
  EXPECT_EQ(thinking_of("a</think>b<think>c"), "a</think>b<think>c");
  EXPECT_EQ(thinking_of("none"), std::nullopt);
}

}  // namespace
}  // namespace cohort
