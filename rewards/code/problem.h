// A code problem: the tests and how to compare, read from the gold text of a row (docs/rewards.md
// has the format).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/code/expected.h"
#include "rewards/code/output_compare.h"
#include "rewards/code/sandbox.h"

namespace cohort::judge {

struct StdioTest {
  std::string input, output;
};

// A program that says whether an output is right, for problems with several right ones.
struct Checker {
  enum class Result : uint8_t {
    exit_code,  // 0: right; 1: wrong
    score,      // its whole output is one number: right from 1 on
  };
  std::string source;
  Job::Language language = Job::Language::python;
  Result result = Result::exit_code;
};

// Asserts that cannot be turned into data: run beside the program, out of its reach
// (assert_harness.h).
struct WeakAsserts {
  std::string test_source;
  std::string not_plain;  // the statement that is no data
};

struct ProblemLimits {
  std::optional<double> time_s;  // of CPU, a test
  std::optional<int64_t> memory_mb;
};

struct CodeProblem {
  std::optional<Job::Language> language;
  std::string prefix;       // stands before the completion; which may be the body that follows it
  std::string entry_point;  // empty: a program from stdin to stdout
  bool usual_imports = false;  // called by APPS's and LiveCodeBench's fn_name: program.h
  std::string reference;       // code that passes, as a completion would have it; empty: none
  // Exactly one of the three has the tests.
  std::vector<StdioTest> stdio_tests;
  std::vector<CallTest> call_tests;
  std::optional<WeakAsserts> weak_asserts;
  OutputMode mode = OutputMode::lines;
  Tolerance tolerance;
  std::optional<Checker> checker;
  ProblemLimits limits;
};

// Throws InputError: what is wrong with it.
CodeProblem read_problem(std::string_view json);

}  // namespace cohort::judge
