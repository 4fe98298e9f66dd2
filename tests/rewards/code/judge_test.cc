#include "rewards/code/judge.h"

#include <gtest/gtest.h>

#include "rewards/code/checker.h"
#include "rewards/code/program.h"
#include "tests/rewards/code/fake_sandbox.h"

namespace cohort::judge {
namespace {

using End = Execution::End;

std::string verdict(const RewardResult& result) {
  return std::string(verdict_name(result.verdict)) + " " + reason_text(result);
}

const CodeProblem& echo_problem() {
  static const CodeProblem problem = read_problem(
      R"({"tests": [{"input": "1", "output": "1"}, {"input": "2", "output": "2"}, {"input": "3", "output": "3"}]})");
  return problem;
}
const CodeProblem& call_problem() {
  static const CodeProblem problem = read_problem(
      R"({"entry_point": "f", "tests": [{"args": [1], "expected": 1}, {"args": [2], "expected": 2}]})");
  return problem;
}

RewardResult judge_with(const CodeProblem& problem, std::function<Execution(const Job&)> give,
                        const JudgeRules& rules = {}) {
  FakeSandbox sandbox(std::move(give));
  return judge_code(sandbox, problem, "code", rules);
}

TEST(Judge, AllTestsMustPass) {
  const RewardResult right =
      judge_with(echo_problem(), [](const Job& job) { return printed(job.input + "\n"); });
  EXPECT_EQ(verdict(right), "correct ok");
  EXPECT_EQ(right.value, 1);
  const RewardResult wrong = judge_with(
      echo_problem(), [](const Job& job) { return printed(job.input == "3" ? "4" : job.input); });
  EXPECT_EQ(verdict(wrong), "incorrect wrong_output_case_3");
  EXPECT_EQ(wrong.value, 0);
}

TEST(Judge, NamesHowTheProgramEnded) {
  const auto how = [](const Execution& execution) {
    return verdict(judge_with(echo_problem(), [&](const Job&) { return execution; }));
  };
  EXPECT_EQ(how(printed("1", 1)), "incorrect runtime_error_case_1") << "though the output is right";
  EXPECT_EQ(how(ended(End::signalled)), "incorrect runtime_error_case_1");
  EXPECT_EQ(how(ended(End::time_limit)), "incorrect time_limit_case_1");
  EXPECT_EQ(how(ended(End::memory_limit)), "incorrect memory_limit_case_1");
  EXPECT_EQ(how(ended(End::output_limit)), "incorrect output_limit_case_1");
  EXPECT_EQ(how(ended(End::compile_error)), "incorrect compile_error");
  EXPECT_EQ(how(ended(End::refused)), "undecided sandbox_unavailable");
}

TEST(Judge, PartialOutputBeforeALimitIsNoPass) {
  Execution execution = printed("1\n");
  execution.end = End::time_limit;
  EXPECT_EQ(verdict(judge_with(echo_problem(), [&](const Job&) { return execution; })),
            "incorrect time_limit_case_1");
  execution = returned("1");
  execution.end = End::signalled;
  EXPECT_EQ(verdict(judge_with(call_problem(), [&](const Job&) { return execution; })),
            "incorrect runtime_error_case_1");
}

TEST(Judge, StopsAtTheFirstFailureUnlessCreditIsPartial) {
  const auto fails_second = [](const Job& job) {
    return printed(job.input == "2" ? "x" : job.input);
  };
  FakeSandbox sandbox(fails_second);
  EXPECT_EQ(verdict(judge_code(sandbox, echo_problem(), "code", {})),
            "incorrect wrong_output_case_2");
  FakeSandbox first([](const Job&) { return printed("x"); });
  judge_code(first, echo_problem(), "code", {});
  EXPECT_EQ(first.seen.size(), 1u);
  const RewardResult partial = judge_with(echo_problem(), fails_second, {.partial_credit = true});
  EXPECT_EQ(verdict(partial), "incorrect wrong_output_case_2");
  EXPECT_DOUBLE_EQ(partial.value, 2.0 / 3.0);
}

TEST(Judge, ThreeTimeLimitsEndARunWithPartialCredit) {
  std::string json = R"({"tests": [{"input": "a", "output": "a"})";
  for (int i = 0; i < 9; ++i) json += R"(, {"input": "b", "output": "b"})";
  FakeSandbox sandbox(
      [](const Job& job) { return job.input == "a" ? printed("a") : ended(End::time_limit); });
  const RewardResult result =
      judge_code(sandbox, read_problem(json + "]}"), "code", {.partial_credit = true});
  EXPECT_EQ(verdict(result), "incorrect time_limit_case_2");
  EXPECT_DOUBLE_EQ(result.value, 0.1);
  EXPECT_EQ(sandbox.seen.size(), 4u);
}

TEST(Judge, ReadsReturnedValuesAsData) {
  const auto how = [](const Execution& execution) {
    return verdict(judge_with(call_problem(), [&](const Job&) { return execution; }));
  };
  EXPECT_EQ(verdict(judge_with(call_problem(),
                               [](const Job& job) {
                                 return returned(job.call->arguments == "(1,)" ? "1" : "2");
                               })),
            "correct ok");
  EXPECT_EQ(how(returned("True")), "incorrect wrong_output_case_1");
  EXPECT_EQ(how(returned("AlwaysEqual()")), "incorrect wrong_output_case_1");
  EXPECT_EQ(how(returned("")), "incorrect wrong_output_case_1");
  EXPECT_EQ(how(returned("None")), "incorrect wrong_output_case_1");
  EXPECT_EQ(how(printed("1\n")), "incorrect no_value_case_1");
  Execution printed_only = printed("1\n");
  printed_only.returned = "None";
  EXPECT_EQ(how(printed_only), "incorrect no_value_case_1");
}

TEST(Judge, ExpectedValuesStayOutside) {
  const CodeProblem problem =
      read_problem(R"({"entry_point": "f", "tests": [{"args": [1], "expected": "very secret"}]})");
  FakeSandbox calls([](const Job&) { return returned("1"); });
  judge_code(calls, problem, "code", {});
  const CodeProblem stdio = read_problem(R"({"tests": [{"input": "1", "output": "very secret"}]})");
  judge_code(calls, stdio, "code", {});
  ASSERT_EQ(calls.seen.size(), 2u);
  for (const Job& job : calls.seen) {
    EXPECT_TRUE(job.files.empty());
    EXPECT_TRUE(job.arguments.empty());
    EXPECT_EQ(job.source.find("secret"), std::string::npos);
    EXPECT_EQ(job.input.find("secret"), std::string::npos);
    if (job.call) {
      EXPECT_EQ(job.call->arguments.find("secret"), std::string::npos);
    }
  }
}

TEST(Judge, PassesTheLimitsOn) {
  FakeSandbox sandbox([](const Job&) { return printed("1"); });
  const CodeProblem own = read_problem(
      R"({"tests": [{"input": "", "output": "1"}], "limits": {"time_s": 1.5, "memory_mb": 100}})");
  judge_code(sandbox, own, "code", {});
  judge_code(sandbox, echo_problem(), "code", {.time_limit_s = 4, .memory_mb = 300});
  EXPECT_EQ(sandbox.seen[0].limits.cpu_seconds, 1.5);
  EXPECT_EQ(sandbox.seen[0].limits.wall_seconds, 4);
  EXPECT_EQ(sandbox.seen[0].limits.memory_bytes, int64_t{100} << 20);
  EXPECT_EQ(sandbox.seen[1].limits.cpu_seconds, 4);
  EXPECT_EQ(sandbox.seen[1].limits.memory_bytes, int64_t{300} << 20);
}

TEST(Judge, SpreadsTheTestsItIsAllowed) {
  std::string json = R"({"tests": [)";
  for (int i = 1; i <= 9; ++i)
    json += (i > 1 ? "," : "") + std::string(R"({"input": ")") + std::to_string(i) +
            R"(", "output": "x"})";
  FakeSandbox sandbox([](const Job& job) { return printed(job.input == "9" ? "y" : "x"); });
  const RewardResult result =
      judge_code(sandbox, read_problem(json + "]}"), "code", {.max_tests = 3});
  ASSERT_EQ(sandbox.seen.size(), 3u);
  EXPECT_EQ(sandbox.seen[1].input, "5");
  EXPECT_EQ(verdict(result), "incorrect wrong_output_case_9") << "the number is the problem's";
}

TEST(Judge, FindsAMethodOfSolution) {
  FakeSandbox sandbox([](const Job&) { return returned("1"); });
  judge_code(sandbox, call_problem(), "class Solution:\n  def f(self, x): return x\n", {});
  judge_code(sandbox, call_problem(), "class Solution:\n  pass\ndef f(x): return x\n", {});
  EXPECT_EQ(sandbox.seen[0].call->entry_point, "Solution().f");
  EXPECT_EQ(sandbox.seen.back().call->entry_point, "f");
}

TEST(Judge, PutsThePrefixBeforeABodyOrAWhole) {
  CodeProblem problem;
  EXPECT_EQ(make_program(problem, "x"), "x");
  problem.prefix = "import math\ndef f(x):\n    \"doc\"";
  EXPECT_EQ(make_program(problem, "    return x\n"), problem.prefix + "\n    return x\n");
  EXPECT_EQ(make_program(problem, "def f(x):\n  return 1\n"),
            problem.prefix + "\n\ndef f(x):\n  return 1\n");
  EXPECT_EQ(make_program(problem, "from __future__ import annotations\n"),
            "from __future__ import annotations\n");
}

TEST(Judge, AWholeMayRepeatThePrefixsOpenDefinition) {
  CodeProblem problem;
  const std::string whole = "def add(a, b):\n    return a + b\n";
  problem.prefix = "import math\n\ndef add(a, b):\n";
  EXPECT_EQ(make_program(problem, whole), problem.prefix + "    pass\n\n" + whole);
  EXPECT_EQ(make_program(problem, "    return a + b\n"), problem.prefix + "    return a + b\n");
  problem.prefix = "def add(a,\n        b) -> int:  # sum\n";
  EXPECT_EQ(make_program(problem, whole), problem.prefix + "    pass\n\n" + whole);
  EXPECT_EQ(make_program(problem, "  return a + b\n"), problem.prefix + "  return a + b\n");
  problem.prefix = "class Solution:\n    def add(self, a: int, b: int) -> int:\n        ";
  const std::string solution = "class Solution:\n    def add(self, a, b):\n        return a + b\n";
  EXPECT_EQ(make_program(problem, solution), problem.prefix + "\n        pass\n\n" + solution);
  const std::string method = "    def add(self, a, b):\n        return a + b\n";
  EXPECT_EQ(make_program(problem, method), problem.prefix + "\n        pass\n\n" + method);
  const std::string body = "        return a + b\n";
  EXPECT_EQ(make_program(problem, body), problem.prefix + "\n" + body);
  problem.prefix = "x = {'a': 1}\ndef f():\n    return 'def g():'\n";
  EXPECT_EQ(make_program(problem, whole), problem.prefix + "\n" + whole);
}

TEST(Judge, LeetCodesFormHasTheUsualImports) {
  FakeSandbox sandbox([](const Job&) { return returned("1"); });
  const std::string solution = "class Solution:\n  def f(self, x: List[int]): return x\n";
  judge_code(sandbox, call_problem(), solution, {});
  EXPECT_NE(sandbox.seen.back().source.find("from typing import *"), std::string::npos);
  EXPECT_TRUE(sandbox.seen.back().source.ends_with("\n" + solution));
  judge_code(sandbox, call_problem(), "def f(x): return x\n", {});
  EXPECT_EQ(sandbox.seen.back().source, "def f(x): return x\n");
  const std::string future = "from __future__ import annotations\n" + solution;
  judge_code(sandbox, call_problem(), future, {});
  EXPECT_EQ(sandbox.seen.back().source, future);
  for (const char* json :
       {R"({"fn_name": "f", "inputs": [[1], [2]], "outputs": [1, 2]})",
        R"({"input_output": "{\"fn_name\": \"f\", \"inputs\": [[1]], \"outputs\": [1]}"})"}) {
    judge_code(sandbox, read_problem(json), "def f(x): return x\n", {});
    EXPECT_NE(sandbox.seen.back().source.find("from typing import *"), std::string::npos) << json;
  }
}

TEST(Judge, ALargeExpectedValueMayBeReturned) {
  std::string list = "0";
  for (int i = 1; i < 1'000'000; ++i) list += ", 100000";
  const CodeProblem problem = read_problem(
      R"j({"entry_point": "f", "tests": [{"args": "()", "expected": "[)j" + list + R"j(]"}]})j");
  FakeSandbox sandbox([&](const Job&) { return returned("[" + list + "]"); });
  EXPECT_EQ(verdict(judge_code(sandbox, problem, "code", {})), "correct ok");
  EXPECT_GE(sandbox.seen[0].limits.output_bytes, static_cast<int64_t>(2 * list.size()));
}

TEST(Judge, ThreeFailuresOfTheCheckerEndARunWithPartialCredit) {
  std::string json =
      R"({"compare": {"checker": "CHECKER"}, "tests": [{"input": "a", "output": "a"})";
  for (int i = 0; i < 99; ++i) json += R"(, {"input": "b", "output": "b"})";
  FakeSandbox sandbox([](const Job& job) {
    return job.source == "CHECKER" ? ended(End::time_limit) : printed("x");
  });
  const RewardResult result =
      judge_code(sandbox, read_problem(json + "]}"), "code", {.partial_credit = true});
  EXPECT_EQ(verdict(result), "incorrect checker_failed_case_1");
  EXPECT_EQ(sandbox.seen.size(), 103u);
}

TEST(Judge, WeaklyIsolatedIsOffByDefault) {
  const CodeProblem weak = read_problem(
      R"({"prompt": "", "entry_point": "f", "test": "def check(candidate):\n    assert candidate(g()) == 1\n"})");
  FakeSandbox sandbox([](const Job&) { return printed(""); });
  EXPECT_EQ(verdict(judge_code(sandbox, weak, "code", {})), "not_applicable weakly_isolated");
  EXPECT_TRUE(sandbox.seen.empty());
}

TEST(Judge, AWeakPassNeedsTheNonceAndTheReferencesCount) {
  const CodeProblem weak = read_problem(
      R"({"prompt": "", "entry_point": "f", "canonical_solution": "good",
          "test": "def check(candidate):\n    assert candidate(g()) == 1\n"})");
  const JudgeRules rules{.weakly_isolated = true};
  const auto nonce_of = [](const Job& job) {
    const size_t at = job.input.find("'nonce': '") + 10;
    return job.input.substr(at, 32);
  };
  const auto is_good = [](const Job& job) { return job.input.find("good") != std::string::npos; };
  const auto how = [&](const std::function<Execution(const Job&)>& bad) {
    return verdict(judge_with(
        weak,
        [&](const Job& job) { return is_good(job) ? printed(nonce_of(job) + " 3\n") : bad(job); },
        rules));
  };
  EXPECT_EQ(how([&](const Job& job) { return printed(nonce_of(job) + " 3\n"); }), "correct ok");
  EXPECT_EQ(how([&](const Job& job) { return printed(nonce_of(job) + " 2\n"); }),
            "incorrect wrong_output");
  EXPECT_EQ(how([&](const Job& job) { return printed(nonce_of(job) + " 3\n", 1); }),
            "incorrect wrong_output");
  EXPECT_EQ(how([&](const Job& job) { return printed(nonce_of(job) + " 3"); }),
            "incorrect wrong_output");
  EXPECT_EQ(how([&](const Job& job) { return printed(" 3\n" + nonce_of(job)); }),
            "incorrect wrong_output");
  EXPECT_EQ(how([](const Job&) { return printed("0123456789abcdef0123456789abcdef 3\n"); }),
            "incorrect wrong_output");
  EXPECT_EQ(how([](const Job&) { return printed(""); }), "incorrect wrong_output");
  EXPECT_EQ(how([](const Job&) { return ended(End::time_limit); }), "incorrect time_limit");
  EXPECT_EQ(verdict(judge_with(
                weak, [](const Job&) { return printed(""); }, rules)),
            "undecided problem_unreadable")
      << "the reference must pass";
}

TEST(Checker, ReadsTheVerdictOfTheCheckersOwnRun) {
  const CodeProblem exit_code = read_problem(
      R"({"tests": [{"input": "in", "output": "ans"}], "compare": {"checker": "CHECKER"}})");
  const CodeProblem score = read_problem(
      R"({"tests": [{"input": "in", "output": "ans"}], "compare": {"checker": {"source": "CHECKER", "result": "score"}}})");
  const auto how = [](const CodeProblem& problem, const Execution& execution) {
    FakeSandbox sandbox(
        [&](const Job& job) { return job.source == "CHECKER" ? execution : printed("1\n"); });
    const std::string text = verdict(judge_code(sandbox, problem, "code", {}));
    EXPECT_EQ(sandbox.seen.size(), 2u);
    const Job& checker = sandbox.seen.back();
    EXPECT_EQ(checker.files[2], (std::pair<std::string, std::string>("output.txt", "1\n")));
    EXPECT_EQ(checker.files[1].second, "ans");
    EXPECT_TRUE(sandbox.seen[0].files.empty());
    return text;
  };
  EXPECT_EQ(how(exit_code, printed("", 0)), "correct ok");
  EXPECT_EQ(how(exit_code, printed("1", 1)), "incorrect wrong_output_case_1");
  EXPECT_EQ(how(exit_code, printed("", 2)), "incorrect checker_failed_case_1");
  Execution exception = printed("", 1);
  exception.error =
      "Traceback (most recent call last):\n  File \"main.py\", line 1\nValueError: x\n";
  EXPECT_EQ(how(exit_code, exception), "incorrect checker_failed_case_1");
  exception.error = "wrong: Traceback\n";
  EXPECT_EQ(how(exit_code, exception), "incorrect wrong_output_case_1");
  EXPECT_EQ(how(exit_code, ended(End::signalled)), "incorrect checker_failed_case_1");
  EXPECT_EQ(how(exit_code, ended(End::time_limit)), "incorrect checker_failed_case_1");
  EXPECT_EQ(how(exit_code, ended(End::compile_error)), "undecided problem_unreadable");
  EXPECT_EQ(how(exit_code, ended(End::refused)), "undecided sandbox_unavailable");
  EXPECT_EQ(how(score, printed("1\n")), "correct ok");
  EXPECT_EQ(how(score, printed("0.99")), "incorrect wrong_output_case_1");
  EXPECT_EQ(how(score, printed("")), "incorrect checker_failed_case_1");
  EXPECT_EQ(how(score, printed("1\n1\n")), "incorrect checker_failed_case_1")
      << "it repeated what it read";
  EXPECT_EQ(how(score, printed("inf")), "incorrect checker_failed_case_1");
  EXPECT_EQ(how(score, printed("nan")), "incorrect checker_failed_case_1");
  EXPECT_EQ(how(score, printed("1", 1)), "incorrect checker_failed_case_1");
}

}  // namespace
}  // namespace cohort::judge
