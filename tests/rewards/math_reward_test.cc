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
  expect_correct("so it is \\boxed{5/10}", "0.5");
  expect_correct("so it is \\boxed {5}.", "5");
  expect_correct("<answer>\\boxed{5}</answer>", "5");
  expect_correct("\\boxed{<answer>5</answer>}", "5");
}

TEST(MathReward, OnlyTheLastAnswerCounts) {
  expect_correct("<answer>4</answer> no: <answer>5</answer>", "5");
  expect_wrong("<answer>5</answer> no: <answer>4</answer>", "5", Reason::different_number);
  expect_wrong("<answer>5</answer> \\boxed{4}", "5", Reason::different_number);
  expect_wrong("\\boxed{5} <answer>4</answer>", "5", Reason::different_number);
  expect_wrong("\\boxed{5} \\boxed{4}", "5", Reason::different_number);
}

TEST(MathReward, NeverFallsBackToAnEarlierAnswer) {
  expect_wrong("\\boxed{5} \\boxed{}", "5", Reason::empty_answer);
  expect_wrong("\\boxed{5} \\boxed{ \n}", "5", Reason::empty_answer);
  expect_wrong("\\boxed{5} \\boxed{5", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5} \\boxed", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5} \\boxed 5", "5", Reason::unterminated_box);
  expect_wrong("<answer>5</answer><answer></answer>", "5", Reason::empty_answer);
  expect_wrong("<answer>5</answer><answer>5", "5", Reason::unterminated_answer);
  expect_wrong("<answer>5</answer> \\boxed{five}", "5", Reason::answer_not_a_number);
  expect_correct("\\boxed{5} \\boxedfoo", "5");
}

TEST(MathReward, ThinkingDoesNotCount) {
  expect_wrong("<think><answer>5</answer></think>", "5", Reason::no_answer);
  expect_wrong("<think>\\boxed{5}", "5", Reason::no_answer);
  expect_wrong("\\boxed{5}</think>", "5", Reason::no_answer);
  expect_wrong("<answer>5</answer></think><answer>4</answer>", "5", Reason::different_number);
  expect_correct("<think>\\boxed{4}</think> then </think>\\boxed{5}", "5");
  expect_correct("<answer>5</answer><think> or \\boxed{4}", "5");
}

TEST(MathReward, BracesOfABoxAreMatched) {
  expect_wrong("\\boxed{\\frac{1}{2}}", "5", Reason::answer_not_a_number);
  expect_wrong("\\boxed{{5}", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5\\}", "5", Reason::unterminated_box);
  expect_wrong("\\boxed{5\\", "5", Reason::unterminated_box);
}

TEST(MathReward, HasAReasonForEveryZero) {
  expect_wrong("", "5", Reason::no_answer);
  expect_wrong("the answer is 5", "5", Reason::no_answer);
  expect_wrong("5</answer>", "5", Reason::no_answer);
  expect_wrong("<answer>5 apples</answer>", "5", Reason::answer_not_a_number);
  expect_wrong("<answer>" + std::string(2000, '5') + "</answer>", "5", Reason::answer_too_long);
}

TEST(MathReward, AGoldThatIsNoNumberIsUndecided) {
  for (const char* gold : {"", "x", "5 cm", "1/0"}) {
    const RewardResult r = grade("<answer>5</answer>", gold);
    EXPECT_EQ(r.verdict, Verdict::undecided);
    EXPECT_EQ(r.reason, Reason::gold_not_a_number);
    EXPECT_EQ(r.value, 0.0);
  }
  expect_correct("<answer>5</answer>", " 5\n");
}

TEST(MathReward, ACutCompletionSaysSo) {
  EXPECT_EQ(grade("<think>3+2", "5", true).reason, Reason::truncated);
  EXPECT_EQ(grade("<think></think><answer>5", "5", true).reason, Reason::truncated);
  EXPECT_EQ(grade("<think></think><answer>5</answer> and", "5", true).reason, Reason::ok);
  EXPECT_EQ(grade("<think></think><answer>4</answer> and", "5", true).reason,
            Reason::different_number);
}

TEST(MathReward, HostileMegabytesTakeMilliseconds) {
  auto repeat = [](const std::string& part) {
    std::string text;
    while (text.size() < 1'000'000) text += part;
    return text;
  };
  const auto start = std::chrono::steady_clock::now();
  for (const char* part : {"<answer>", "</answer>", "\\boxed{", "\\boxed", "\\boxeda", "{", "}",
                           "<think>", "</think>", "1,", "<", "\\"}) {
    const std::string text = repeat(part);
    for (const std::string& whole :
         {text, "\\boxed{" + text + "}", "<answer>" + text + "</answer>"})
      EXPECT_EQ(grade(whole, "5").value, 0.0) << part;
  }
  // 36 texts of 1 MB: a quadratic scan of one would take minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
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
