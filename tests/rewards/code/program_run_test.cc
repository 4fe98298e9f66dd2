// Programs put together from a prefix, the usual imports and a completion, run in the sandbox.
#include <gtest/gtest.h>

#include "rewards/code/judge.h"
#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

class ProgramRuns : public SandboxTest {};

std::string verdict(const std::string& problem, const std::string& code) {
  const RewardResult result = judge_code(shared_sandbox(), read_problem(problem), code, {});
  return std::string(verdict_name(result.verdict)) + " " + reason_text(result);
}

TEST_F(ProgramRuns, LeetCodesStarterRepeatedWithoutImports) {
  const std::string problem =
      R"({"entry_point": "add", "tests": [{"args": [[1, 2], 3], "expected": 6}],
          "prefix": "class Solution:\n    def add(self, a, b: int) -> int:\n        "})";
  EXPECT_EQ(verdict(problem,
                    "class Solution:\n    def add(self, a: List[int], b: int) -> int:\n"
                    "        q = deque(a)\n        return pow(sum(q) + b, 1, 1000) + floor(0.5)\n"),
            "correct ok");
  EXPECT_EQ(verdict(problem, "        return sum(a) + b\n"), "correct ok");
}

TEST_F(ProgramRuns, AMillionIntegersAreReturned) {
  std::string list = "0";
  for (int i = 1; i < 1'000'000; ++i) list += "," + std::to_string(i);
  const std::string problem =
      R"({"entry_point": "f", "limits": {"time_s": 60}, "tests": [{"args": [], "expected": [)" +
      list + "]}]}";
  EXPECT_EQ(verdict(problem, "def f():\n    return list(range(1000000))\n"), "correct ok");
}

TEST_F(ProgramRuns, ACheckerThatRaisesHasNotJudged) {
  const auto with = [](const std::string& checker) {
    return verdict(
        R"({"tests": [{"input": "", "output": "1"}], "compare": {"checker": ")" + checker + "\"}}",
        "print(1)");
  };
  EXPECT_EQ(with("raise ValueError('x')"), "incorrect checker_failed_case_1");
  EXPECT_EQ(with("import sys; sys.exit(1)"), "incorrect wrong_output_case_1");
  EXPECT_EQ(with("import sys; sys.exit('no')"), "incorrect wrong_output_case_1");
}

}  // namespace
}  // namespace cohort::judge
