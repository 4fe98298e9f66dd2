#include "rewards/math/math_reward.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace cohort {
namespace {

RewardResult grade(std::string_view completion, std::string_view gold, bool truncated = false) {
  return MathReward().score({.completion = completion, .answer = gold, .truncated = truncated});
}

void expect_correct(std::string_view completion, std::string_view gold) {
  const RewardResult r = grade(completion, gold);
  EXPECT_EQ(r.value, 1.0) << completion;
  EXPECT_EQ(r.verdict, Verdict::correct) << completion;
  EXPECT_EQ(r.reason, Reason::ok) << completion << ": " << reason_name(r.reason);
}

void expect_wrong(std::string_view completion, std::string_view gold, Reason reason) {
  const RewardResult r = grade(completion, gold);
  EXPECT_EQ(r.value, 0.0) << completion;
  EXPECT_EQ(r.verdict, Verdict::incorrect) << completion;
  EXPECT_STREQ(reason_name(r.reason), reason_name(reason)) << completion;
}

TEST(MathReward, ReadsTheAnswerTagAndTheBox) {
  expect_correct("<think>3+2+0=05</think><answer>1025</answer>", "1025");
  expect_correct("<think></think><answer> 1,025\n</answer>", "1025");
  expect_correct("so it is \\boxed{5/10}", "1/2");
  expect_correct("so it is \\boxed {5}.", "5");
  expect_correct("<answer>\\boxed{5}</answer>", "5");
  expect_correct("<answer>The answer is $5$.</answer>", "5");
}

TEST(MathReward, OnlyTheLastAnswerCounts) {
  expect_correct("<answer>4</answer> no: <answer>5</answer>", "5");
  expect_wrong("<answer>5</answer> no: <answer>4</answer>", "5", Reason::different_number);
  expect_wrong("<answer>5</answer> \\boxed{4}", "5", Reason::different_number);
  expect_wrong("\\boxed{5} <answer>4</answer>", "5", Reason::different_number);
  expect_wrong("\\boxed{5}. Let me check it once more. It was wrong. \\boxed{4}", "5",
               Reason::different_number);
}

TEST(MathReward, TwoBoxesNearEachOtherAreTwoAnswers) {
  for (const char* text : {"\\boxed{5} \\boxed{4}", "\\boxed{5} or \\boxed{4}",
                           "\\boxed{4}, but maybe \\boxed{5}", "\\boxed{5, 4}"}) {
    EXPECT_EQ(grade(text, "5").verdict, Verdict::incorrect) << text;
    EXPECT_EQ(grade(text, "4").verdict, Verdict::incorrect) << text;
  }
  expect_correct("\\boxed{5} and \\boxed{4}", "4, 5");
  expect_correct("\\boxed{5}, that is \\boxed{5}", "5");
  expect_correct("\\boxed{\\frac{1}{2}} or \\boxed{0.5}", "\\frac12");
}

TEST(MathReward, NeverFallsBackToAnEarlierAnswer) {
  expect_wrong("\\boxed{5} \\boxed{}", "5", Reason::empty_answer);
  expect_wrong("\\boxed{5} \\boxed{ \n}", "5", Reason::empty_answer);
  expect_wrong("\\boxed{5} \\boxed{5", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5} \\boxed", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5} \\boxed x", "5", Reason::unterminated_box);
  expect_wrong("<answer>5</answer><answer></answer>", "5", Reason::empty_answer);
  expect_wrong("<answer>5</answer><answer>5", "5", Reason::unterminated_answer);
  expect_wrong("the answer is 5 \\boxed{", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5} and the rest is long enough \\boxed{\\frac{1}}", "5",
               Reason::answer_unparsable);
  expect_correct("\\boxed{5} \\boxedfoo", "5");
}

TEST(MathReward, ThinkingDoesNotCount) {
  expect_wrong("<think><answer>5</answer></think>", "5", Reason::answer_outside_final_part);
  expect_wrong("<think>\\boxed{5}", "5", Reason::answer_outside_final_part);
  expect_wrong("\\boxed{5}</think>", "5", Reason::answer_outside_final_part);
  expect_wrong("<think>the answer is 5</think>", "5", Reason::no_answer);
  expect_wrong("<answer>5</answer></think><answer>4</answer>", "5", Reason::different_number);
  expect_correct("<think>\\boxed{4}</think> then </think>\\boxed{5}", "5");
  expect_correct("<answer>5</answer><think> or \\boxed{4}", "5");
}

TEST(MathReward, BracesOfABoxAreMatched) {
  expect_correct("\\boxed{\\frac{1}{2}}", "1/2");
  expect_wrong("\\boxed{{5}", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5\\}", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5\\", "5", Reason::unterminated_box);
}

TEST(MathReward, HasAReasonForEveryZero) {
  expect_wrong("", "5", Reason::no_answer);
  expect_wrong("I do not know what to do about this.", "5", Reason::no_answer);
  expect_wrong("No idea", "5", Reason::different_kind);
  expect_wrong("We must simplify $\\sqrt{25}$", "5", Reason::no_answer);
  expect_wrong("<answer>" + std::string(2000, '5') + "</answer>", "5", Reason::budget_exhausted);
  expect_wrong("<answer>" + std::string(5000, '+') + "</answer>", "5", Reason::budget_exhausted);
  expect_wrong("<answer>((5</answer>", "5", Reason::answer_unparsable);
  expect_wrong("<answer>6</answer>", "5", Reason::different_number);
}

TEST(MathReward, AGoldThatCannotBeReadIsUndecided) {
  for (const char* gold : {"", " ", "\\frac{", "((("}) {
    const RewardResult r = grade("<answer>5</answer>", gold);
    EXPECT_EQ(r.verdict, Verdict::undecided) << gold;
    EXPECT_EQ(r.reason, Reason::gold_unparsable) << gold;
    EXPECT_EQ(r.value, 0.0);
    EXPECT_EQ(MathReward().score_gold({.answer = gold}).verdict, Verdict::undecided) << gold;
  }
  const RewardResult r = grade("<answer>5</answer>", std::string(2000, '5'));
  EXPECT_EQ(r.verdict, Verdict::undecided);
  EXPECT_EQ(r.reason, Reason::budget_exhausted);
  expect_correct("<answer>5</answer>", " 5\n");
  EXPECT_EQ(MathReward().score_gold({.answer = "#### 5"}).verdict, Verdict::correct);
}

TEST(MathReward, AnUnreadableAnswerEqualsOnlyTheSameUnreadableText) {
  expect_correct("\\boxed{\\weird{a}{b} =}", "\\weird{a} {b} =");
  EXPECT_EQ(grade("\\boxed{\\weird{a}{c} =}", "\\weird{a}{b} =").verdict, Verdict::undecided);
}

TEST(MathReward, ACutCompletionSaysSo) {
  EXPECT_EQ(grade("<think>3+2", "5", true).reason, Reason::truncated);
  EXPECT_EQ(grade("<think></think><answer>5", "5", true).reason, Reason::truncated);
  EXPECT_EQ(grade("<think></think><answer>5</answer> and", "5", true).reason, Reason::ok);
  EXPECT_EQ(grade("<think></think><answer>4</answer> and", "5", true).reason,
            Reason::different_number);
  EXPECT_EQ(grade("so far we have 5", "5", true).reason, Reason::truncated);
}

TEST(MathReward, HostileMegabytesTakeMilliseconds) {
  auto repeat = [](const std::string& part) {
    std::string text;
    while (text.size() < 1'000'000) text += part;
    return text;
  };
  const auto start = std::chrono::steady_clock::now();
  for (const char* part :
       {"<answer>", "</answer>", "\\boxed{", "\\boxed", "\\boxeda", "{", "}", "<think>", "</think>",
        "1,", "<", "\\", "#### ", "$", "\\(", "the answer is ", "<|", "\\boxed{1} ", "answer:\n"}) {
    const std::string text = repeat(part);
    for (const std::string& whole :
         {text, "\\boxed{" + text + "}", "<answer>" + text + "</answer>"})
      EXPECT_EQ(grade(whole, "5").value, 0.0) << part;
  }
  // 57 texts of 1 MB: a quadratic scan of one would take minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(MathReward, OneObjectServesManyThreads) {
  const MathReward reward;
  std::vector<std::thread> threads;
  std::vector<int> right(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) {
        const std::string n = std::to_string(i);
        right[t] +=
            reward.score({.completion = "<answer>" + n + "</answer>", .answer = n}).value == 1;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, std::vector<int>(4, 1000));
}

}  // namespace
}  // namespace cohort
