// Runs a program against the tests of a problem and says how it did.
#pragma once

#include <string>

#include "rewards/code/problem.h"
#include "rewards/reward.h"

namespace cohort::judge {

struct JudgeRules {
  Job::Language language = Job::Language::python;  // of problems that name none
  bool partial_credit = false;                     // value: the share of tests passed
  bool weakly_isolated = false;                    // run asserts that are no plain data
  double time_limit_s = 5;                         // CPU a test, of problems that name none
  int64_t memory_mb = 512;                         // of the same
  int64_t max_tests = 0;                           // spread over all of them; 0: all
};

// Value 1 and `correct` when every test passes; else the first test that fails gives the reason and
// test_case. Nothing more is run behind it, unless partial_credit asks for the share; there three
// time limits, of the program or the checker, end the run, and the rest counts as failed.
// Thread-safe.
//
// undecided: sandbox_unavailable, where nothing could be run; problem_unreadable, where the
// problem's own reference or checker does not run. not_applicable: weakly_isolated.
RewardResult judge_code(Sandbox& sandbox, const CodeProblem& problem, const std::string& code,
                        const JudgeRules& rules);

}  // namespace cohort::judge
