// A problem's own checker, in a sandbox of its own: it reads input.txt, answer.txt and output.txt
// (the arguments of its command line, in this order) and the submission can reach none of them.
#pragma once

#include "rewards/code/problem.h"
#include "rewards/reward.h"

namespace cohort::judge {

// `correct`, wrong_output, or checker_failed: it crashed, raised an exception in Python or went
// over its limits, which an output can bring about, so that it is no pass and no excuse. undecided
// where it cannot run at all.
RewardResult run_checker(Sandbox& sandbox, const Checker& checker, const StdioTest& test,
                         const std::string& output);

}  // namespace cohort::judge
