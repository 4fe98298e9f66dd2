// HumanEval whole: every reference solution passes and no `return None` does.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "rewards/code/judge.h"
#include "tests/rewards/code/gzip_lines.h"
#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

constexpr const char* kPath = COHORT_SOURCE_DIR "/../shared/data/HumanEval.jsonl.gz";

#define COHORT_NEEDS_HUMANEVAL() \
  if (!std::filesystem::exists(kPath)) GTEST_SKIP() << "no shared/data beside the sources"

std::string verdict(const RewardResult& result) {
  return std::string(verdict_name(result.verdict)) + " " + reason_text(result);
}

TEST(HumanEvalRows, AllButTheRandomOnesAreData) {
  COHORT_NEEDS_HUMANEVAL();
  std::vector<std::string> weak;
  const std::vector<std::string> rows = gzip_lines(kPath);
  ASSERT_EQ(rows.size(), 164u);
  for (const std::string& row : rows)
    if (read_problem(row).weak_asserts) weak.push_back(nlohmann::json::parse(row)["task_id"]);
  EXPECT_EQ(weak, (std::vector<std::string>{"HumanEval/32", "HumanEval/38", "HumanEval/50",
                                            "HumanEval/53"}));
}

class HumanEvalRuns : public SandboxTest {};

TEST_F(HumanEvalRuns, ReferencesPassAndReturningNothingDoesNot) {
  COHORT_NEEDS_HUMANEVAL();
  constexpr int kWorkers = 2;
  const auto sandbox = start_sandbox(kWorkers, helper_path_for_tests());
  const std::vector<std::string> rows = gzip_lines(kPath);
  std::atomic<size_t> next = 0;
  std::atomic<int> judged = 0, weak = 0;
  const auto work = [&] {
    for (size_t i = next++; i < rows.size(); i = next++) {
      const CodeProblem problem = read_problem(rows[i]);
      const std::string id = nlohmann::json::parse(rows[i])["task_id"];
      if (problem.weak_asserts) {
        ++weak;
        EXPECT_EQ(verdict(judge_code(*sandbox, problem, problem.reference, {})),
                  "not_applicable weakly_isolated")
            << id;
      }
      const JudgeRules rules{.weakly_isolated = true};
      const RewardResult right = judge_code(*sandbox, problem, problem.reference, rules);
      EXPECT_EQ(verdict(right), "correct ok") << id << right.extracted;
      const RewardResult wrong = judge_code(*sandbox, problem, "    return None\n", rules);
      EXPECT_EQ(wrong.verdict, Verdict::incorrect) << id << reason_text(wrong);
      ++judged;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kWorkers; ++t) threads.emplace_back(work);
  }
  EXPECT_EQ(judged, 164);
  EXPECT_EQ(weak, 4);
}

}  // namespace
}  // namespace cohort::judge
