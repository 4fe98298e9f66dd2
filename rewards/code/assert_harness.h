// Asserts that are no plain data are run in Python, in a process of the sandbox that the judged
// program does not share: the program is its child and answers calls with literals over a pipe. The
// test source and the nonce are read after the fork, into memory that the child cannot look at.
// Still, expected values are then inside the sandbox: "weakly isolated".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rewards/code/sandbox.h"

namespace cohort::judge {

struct AssertRun {
  Job job;
  std::string nonce;
};
// `names` is a trusted program that defines what the tests use (a HumanEval prompt); `program` is
// the judged one.
AssertRun make_assert_run(const std::string& program, const std::string& names,
                          const std::string& test_source, const std::string& entry_point,
                          const Limits& limits);

// How many asserts held, when all that ran did: the nonce is there, behind the last. Nothing
// otherwise.
std::optional<int64_t> asserts_held(const AssertRun& run, const Execution& execution);

}  // namespace cohort::judge
