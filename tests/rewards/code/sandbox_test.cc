#include "rewards/code/sandbox.h"

#include <gtest/gtest.h>

#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

using End = Execution::End;

TEST(Sandbox, RunsAPythonProgramOnItsInput) {
  COHORT_NEEDS_SANDBOX();
  const Execution e = run_python("a, b = map(int, input().split())\nprint(a * b)\n", "6 7\n");
  EXPECT_EQ(e.end, End::exited) << e.error;
  EXPECT_EQ(e.status, 0);
  EXPECT_EQ(e.output, "42\n");
  EXPECT_EQ(e.error, "");
  EXPECT_FALSE(e.returned.has_value());
}

}  // namespace
}  // namespace cohort::judge
