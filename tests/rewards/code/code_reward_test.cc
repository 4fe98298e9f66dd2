#include "rewards/code/code_reward.h"

#include <gtest/gtest.h>

#include "tests/rewards/code/fake_sandbox.h"

namespace cohort {
namespace {

using judge::FakeSandbox;
using judge::Job;

constexpr const char* kProblem = R"({"tests": [{"input": "1", "output": "1"}]})";

std::vector<RewardResult> score(const std::vector<RewardInput>& inputs) {
  const std::unique_ptr<Reward> reward = default_settings("code")->make();
  std::vector<RewardResult> results(inputs.size());
  reward->score_group({.completions = inputs}, results);
  return results;
}

class CodeRewardTest : public testing::Test {
 protected:
  void SetUp() override {
    sandbox_ = std::make_shared<FakeSandbox>(
        [](const Job& job) { return judge::printed(job.source == "good\n" ? job.input : "x"); });
    set_code_sandbox(sandbox_);
  }
  void TearDown() override { set_code_sandbox(nullptr); }
  std::shared_ptr<FakeSandbox> sandbox_;
};

TEST_F(CodeRewardTest, ScoresEachCompletionOfAGroup) {
  const auto results =
      score({{.completion = "<think>x</think>\n```python\ngood\n```\n", .answer = kProblem},
             {.completion = "```python\nbad\n```\n", .answer = kProblem},
             {.completion = "the answer is 1", .answer = kProblem},
             {.completion = "```python\ngo", .answer = kProblem, .truncated = true},
             {.completion = "```python\ngood\n```\n", .answer = kProblem, .truncated = true}});
  EXPECT_EQ(results[0].value, 1);
  EXPECT_EQ(results[0].verdict, Verdict::correct);
  EXPECT_EQ(results[0].extracted, "good\n");
  EXPECT_EQ(reason_text(results[1]), "wrong_output_case_1");
  EXPECT_EQ(results[2].reason, Reason::no_code);
  EXPECT_EQ(results[2].verdict, Verdict::incorrect);
  EXPECT_EQ(results[3].reason, Reason::truncated);
  EXPECT_EQ(results[4].value, 1);
}

TEST_F(CodeRewardTest, ABadProblemIsUndecidedAndSaysWhy) {
  const auto results = score({{.completion = "```python\ngood\n```\n", .answer = "{}"},
                              {.completion = "```python\ngood\n```\n", .answer = kProblem},
                              {.completion = "```python\ngood\n```\n", .answer = "{"}});
  EXPECT_EQ(results[0].verdict, Verdict::undecided);
  EXPECT_EQ(results[0].reason, Reason::problem_unreadable);
  EXPECT_NE(results[0].extracted.find("no tests"), std::string::npos);
  EXPECT_EQ(results[1].verdict, Verdict::correct);
  EXPECT_EQ(results[2].verdict, Verdict::undecided);
}

TEST_F(CodeRewardTest, WithoutASandboxNothingIsDecided) {
  set_code_sandbox(nullptr);
  const auto results = score({{.completion = "```python\ngood\n```\n", .answer = kProblem}});
  EXPECT_EQ(results[0].verdict, Verdict::undecided);
  EXPECT_EQ(results[0].reason, Reason::sandbox_unavailable);
}

TEST_F(CodeRewardTest, AGoldIsItsProblemAndTheSolutionThatCameWithIt) {
  const std::unique_ptr<Reward> reward = default_settings("code")->make();
  EXPECT_EQ(reward->score_gold({.answer = kProblem}).verdict, Verdict::correct);
  EXPECT_EQ(reward->score_gold({.answer = "{}"}).reason, Reason::problem_unreadable);
  const std::string row =
      R"({"prompt": "", "entry_point": "f", "canonical_solution": "S",
          "test": "def check(candidate):\n    assert candidate(1) == 1\n"})";
  set_code_sandbox(std::make_shared<FakeSandbox>([](const Job&) { return judge::returned("1"); }));
  EXPECT_EQ(reward->score_gold({.answer = row}).verdict, Verdict::correct);
  set_code_sandbox(std::make_shared<FakeSandbox>([](const Job&) { return judge::returned("2"); }));
  EXPECT_EQ(reward->score_gold({.answer = row}).verdict, Verdict::incorrect);
}

TEST_F(CodeRewardTest, IsTimedAndJudgesAnswers) {
  const auto settings = default_settings("code");
  EXPECT_TRUE(settings->judges_answers());
  EXPECT_TRUE(settings->make()->timed());
}

TEST_F(CodeRewardTest, ReadsItsSettings) {
  CodeSettings settings;
  read_config_text(
      "language: cpp\npartial_credit: true\ntime_limit_s: 2\nmemory_mb: 64\nmax_tests: 5\n", "test",
      {}, [&](Fields& f) { settings.describe(f); });
  const std::unique_ptr<Reward> reward = settings.make();
  const RewardInput input{.completion = "```cpp\nx\n```\n", .answer = kProblem};
  RewardResult result;
  reward->score_group({.completions = {&input, 1}}, {&result, 1});
  ASSERT_EQ(sandbox_->seen.size(), 1u);
  EXPECT_EQ(sandbox_->seen[0].language, Job::Language::cpp);
  EXPECT_EQ(sandbox_->seen[0].limits.cpu_seconds, 2);
  EXPECT_EQ(sandbox_->seen[0].limits.memory_bytes, int64_t{64} << 20);
}

}  // namespace
}  // namespace cohort
