// The three forms in which tests come. Each throws InputError with the place of what is wrong.
#pragma once

#include "rewards/code/problem.h"

namespace cohort::judge {

// [{"input", "output"}...], or with an entry point [{"args", "expected"}...]: both JSON, or both
// text with Python literals. {"input", "output"} with an entry point: text with JSON, one argument
// a line (LiveCodeBench).
void read_tests(const Value& tests, CodeProblem& problem);

// {"inputs": [...], "outputs": [...]}: APPS and TACO, LiveCodeBench.
void read_inputs_outputs(const Value& root, CodeProblem& problem);

// A row of HumanEval: prompt, entry_point, test, canonical_solution.
void read_humaneval(const Value& root, CodeProblem& problem);

}  // namespace cohort::judge
