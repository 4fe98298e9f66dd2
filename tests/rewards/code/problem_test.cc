#include "rewards/code/problem.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "rewards/code/python_literal.h"

namespace cohort::judge {
namespace {

std::string failure(const std::string& json) {
  try {
    read_problem(json);
  } catch (const InputError& error) {
    return error.what();
  }
  return "none";
}

TEST(Problem, ReadsStandardInputAndOutput) {
  const CodeProblem p = read_problem(
      R"({"language": "cpp", "difficulty": 3, "tests": [{"input": "1\n", "output": ["a", "b"]}],
          "compare": {"mode": "tokens", "tolerance": {"abs": 1e-6}}, "limits": {"time_s": 2, "memory_mb": 64}})");
  EXPECT_EQ(p.language, Job::Language::cpp);
  ASSERT_EQ(p.stdio_tests.size(), 1u);
  EXPECT_EQ(p.stdio_tests[0].input, "1\n");
  EXPECT_EQ(p.stdio_tests[0].output, "a\nb\n");
  EXPECT_EQ(p.mode, OutputMode::tokens);
  EXPECT_EQ(p.tolerance.absolute, 1e-6);
  EXPECT_EQ(p.tolerance.relative, 0);
  EXPECT_EQ(p.limits.time_s, 2.0);
  EXPECT_EQ(p.limits.memory_mb, 64);
}

TEST(Problem, ReadsCallsInJsonAndInLiterals) {
  const CodeProblem p = read_problem(
      R"j({"entry_point": "f", "tests": [
          {"args": [1, [true, null], "x", 123456789012345678901234567890, 1.0], "expected": "3"},
          {"args": "({1: (2,)}, float('nan'))", "expected": "(3,)"},
          {"input": "[1, 2]\n\"a\"\n", "output": "[3]"}]})j");
  ASSERT_EQ(p.call_tests.size(), 3u);
  EXPECT_EQ(p.call_tests[0].arguments,
            "(1, [True, None], 'x', 123456789012345678901234567890, 1.0)");
  EXPECT_TRUE(meets(p.call_tests[0].expected, "'3'"));
  EXPECT_FALSE(meets(p.call_tests[0].expected, "3"));
  EXPECT_EQ(p.call_tests[1].arguments, "({1: (2,)}, float(\"nan\"))");
  EXPECT_TRUE(meets(p.call_tests[1].expected, "(3,)"));
  EXPECT_FALSE(meets(p.call_tests[1].expected, "[3]"));
  EXPECT_EQ(p.call_tests[2].arguments, "([1, 2], 'a')");
  EXPECT_TRUE(meets(p.call_tests[2].expected, "(3,)")) << "JSON has no tuples";
}

TEST(Problem, ReadsInputsAndOutputs) {
  EXPECT_EQ(read_problem(R"({"inputs": ["1\n", ["2", "3"]], "outputs": ["4", "5"]})")
                .stdio_tests[1]
                .input,
            "2\n3\n");
  const CodeProblem nested =
      read_problem(R"({"input_output": "{\"inputs\": [\"1\"], \"outputs\": [\"2\"]}"})");
  EXPECT_EQ(nested.stdio_tests.size(), 1u);
  const CodeProblem text =
      read_problem(R"({"fn_name": "f", "inputs": ["[1]\n2"], "outputs": ["\"a\""]})");
  EXPECT_EQ(text.call_tests[0].arguments, "([1], 2)");
  EXPECT_TRUE(meets(text.call_tests[0].expected, "'a'"));
}

TEST(Problem, UnwrapsAppsOutputsOnlyWhereThatIsPlain) {
  const CodeProblem wrapped =
      read_problem(R"({"fn_name": "f", "inputs": [[1], [2]], "outputs": [[3], [4]]})");
  EXPECT_TRUE(meets(wrapped.call_tests[0].expected, "3"));
  EXPECT_FALSE(meets(wrapped.call_tests[0].expected, "[3]"));
  const CodeProblem raw =
      read_problem(R"({"fn_name": "f", "inputs": [[1], [2]], "outputs": [[3], [4, 5]]})");
  EXPECT_TRUE(meets(raw.call_tests[0].expected, "[3]"));
  EXPECT_FALSE(meets(raw.call_tests[0].expected, "3"));
  EXPECT_NE(
      failure(R"({"fn_name": "f", "inputs": [[1]], "outputs": [[3]]})").find("outputs_wrapped"),
      std::string::npos);
  const CodeProblem said = read_problem(
      R"({"fn_name": "f", "inputs": [[1]], "outputs": [[3]], "outputs_wrapped": false})");
  EXPECT_TRUE(meets(said.call_tests[0].expected, "[3]"));
}

TEST(Problem, ReadsARowOfHumanEval) {
  const CodeProblem p = read_problem(
      R"({"task_id": "x", "prompt": "def f(a):\n", "entry_point": "f", "canonical_solution": "    return a\n",
          "test": "def check(candidate):\n    assert candidate(1) == 1\n"})");
  EXPECT_EQ(p.prefix, "def f(a):\n");
  EXPECT_EQ(p.reference, "    return a\n");
  EXPECT_EQ(p.call_tests.size(), 1u);
  EXPECT_FALSE(p.weak_asserts);
  const CodeProblem weak = read_problem(
      R"({"prompt": "", "entry_point": "f", "test": "def check(candidate):\n    assert candidate(g()) == 1\n"})");
  EXPECT_TRUE(weak.call_tests.empty());
  ASSERT_TRUE(weak.weak_asserts);
  EXPECT_NE(weak.weak_asserts->not_plain.find("candidate ( g"), std::string::npos);
}

TEST(Problem, ReadsACheckerAndATolerance) {
  const CodeProblem p = read_problem(
      R"({"tests": [{"input": "", "output": ""}],
          "compare": {"mode": "checker", "checker": {"source": "x", "language": "cpp", "result": "score"}}})");
  ASSERT_TRUE(p.checker);
  EXPECT_EQ(p.checker->language, Job::Language::cpp);
  EXPECT_EQ(p.checker->result, Checker::Result::score);
  const CodeProblem call = read_problem(
      R"({"entry_point": "f", "tests": [{"args": [], "expected": 1.0}], "compare": {"tolerance": 1e-3}})");
  EXPECT_TRUE(meets(call.call_tests[0].expected, "1.0009"));
  EXPECT_FALSE(meets(call.call_tests[0].expected, "1.1"));
}

TEST(Problem, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not JSON"},
      {"[]", "not a JSON object"},
      {"{\"tests\": [NaN]}", "not JSON at byte"},
      {"{}", "no tests"},
      {R"({"tests": []})", "no tests"},
      {R"({"tests": {}})", "tests is not a list"},
      {R"({"tests": [{"input": "1"}]})", "tests[0]: output is missing"},
      {R"({"tests": [{"input": 1, "output": "1"}]})", "tests[0]: input is neither text nor lines"},
      {R"({"entry_point": "f", "tests": [{"args": [1]}]})", "tests[0]: expected is missing"},
      {R"({"entry_point": "f", "tests": [{"args": "1", "expected": "1"}]})", "args is no list"},
      {R"j({"entry_point": "f", "tests": [{"args": "(x,)", "expected": "1"}]})j",
       "args is not a Python literal"},
      {R"j({"entry_point": "f", "tests": [{"args": "(1,)", "expected": "x"}]})j",
       "expected is not a Python literal"},
      {R"j({"entry_point": "f", "tests": [{"args": "()", "expected": "b'a'"}]})j",
       "expected has bytes"},
      {R"j({"entry_point": "f", "tests": [{"args": "()", "expected": "[{1: (b'a',)}]"}]})j",
       "expected has bytes"},
      {R"({"entry_point": "f", "language": "cpp", "tests": [{"args": [1], "expected": 1}]})",
       "Python only"},
      {R"({"language": "perl", "tests": [{"input": "", "output": ""}]})", "neither python nor cpp"},
      {R"({"tests": [{"input": "", "output": ""}], "compare": {"mode": "fuzzy"}})", "\"fuzzy\""},
      {R"({"tests": [{"input": "", "output": ""}], "compare": {"tolerence": 1}})",
       "\"tolerence\" is unknown"},
      {R"({"tests": [{"input": "", "output": ""}], "compare": {"tolerance": {"abs": -1}}})",
       "tolerance.abs"},
      {R"({"tests": [{"input": "", "output": ""}], "compare": {"mode": "checker"}})",
       "no compare.checker"},
      {R"({"tests": [{"input": "", "output": ""}], "limits": {"time_s": 0}})", "limits.time_s"},
      {R"({"inputs": ["1"], "outputs": []})", "1 inputs and 0 outputs"},
      {R"({"inputs": ["1"]})", "outputs is missing"},
      {R"({"test": "x", "prompt": "y"})", "entry_point is missing"}};
  for (const auto& [json, words] : cases)
    EXPECT_NE(failure(json).find(words), std::string::npos) << json << ": " << failure(json);
}

TEST(Problem, SurvivesHostileJson) {
  EXPECT_NE(failure(std::string(1'000'000, '[')), "none");
  EXPECT_NE(failure("{\"tests\": " + std::string(1'000'000, '[') + "}"), "none");
  EXPECT_NE(failure("{\"tests\": \"\xff\"}"), "none");
  EXPECT_EQ(
      read_problem(R"({"tests": [], "tests": [{"input": "", "output": ""}]})").stdio_tests.size(),
      1u);
}

}  // namespace
}  // namespace cohort::judge
