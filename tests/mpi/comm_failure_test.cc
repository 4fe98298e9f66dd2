// What the user reads when ranks fail each other, and that the job ends. Each test starts its own
// mpirun.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace cohort {
namespace {

struct JobResult {
  int exit_code;
  double seconds;
  std::vector<std::string> errors;  // the lines that begin with "error"
};

JobResult run_job(const std::string& scenario, int ranks, double timeout_s) {
  const std::string command = fmt::format(
      "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
      "OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none "
      "COHORT_COMM_TIMEOUT_S={} {} -np {} {} {} 2>/dev/null",
      timeout_s, COHORT_MPIEXEC, ranks, COHORT_COMM_SCENARIOS, scenario);
  const auto begin = std::chrono::steady_clock::now();
  JobResult result{};
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> line;
  while (std::fgets(line.data(), line.size(), pipe)) {
    std::string text = line.data();
    text.pop_back();
    if (text.starts_with("error")) result.errors.push_back(text);
  }
  const int status = ::pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in: " << text;
}

// One error, and the job ends with it.
std::string only_error(const JobResult& result) {
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.errors.size(), 1u) << fmt::format("{}", fmt::join(result.errors, "\n"));
  return result.errors.empty() ? "" : result.errors[0];
}

TEST(CommFailure, ASilentRankIsNamedWithTheOperation) {
  const JobResult result = run_job("silent", 3, 1.0);
  const std::string error = only_error(result);
  expect_contains(error, "error on rank 0: barrier 'step 7' (collective 2): not complete after");
  expect_contains(error, "(timeout 1 s); no answer from rank 1");
  EXPECT_EQ(error.find("rank 2"), std::string::npos) << error;
  EXPECT_LT(result.seconds, 15);
}

TEST(CommFailure, ASilentRankIsFoundWhileAnotherIsBusy) {
  const JobResult result = run_job("silent_and_busy", 3, 1.0);
  const std::string error = only_error(result);
  expect_contains(error, "barrier 'step 7' (collective 2)");
  expect_contains(error, "no answer from rank 1; rank 2 is busy with 'rollout'");
  EXPECT_LT(result.seconds, 15);
}

TEST(CommFailure, ARankWithHeartbeatsIsWaitedFor) {
  const JobResult result = run_job("busy", 3, 1.0);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.errors.empty()) << result.errors[0];
  EXPECT_GT(result.seconds, 4.0);
}

TEST(CommFailure, ARankThatSkipsACollectiveIsNamedBeforeTheTimeout) {
  const JobResult result = run_job("skips", 2, 60.0);
  const std::string error = only_error(result);
  expect_contains(error, "barrier 'gradients' (collective 2)");
  expect_contains(error, "rank 1 is in all_reduce_sum 'loss' (collective 2)");
  EXPECT_LT(result.seconds, 20);
}

TEST(CommFailure, ARankThatLeavesEarlyIsNamed) {
  const JobResult result = run_job("leaves", 3, 60.0);
  expect_contains(only_error(result), "rank 1 is in barrier 'end of the run' (collective 1)");
  EXPECT_LT(result.seconds, 20);
}

TEST(CommFailure, DataOfAnotherSizeIsAnError) {
  const JobResult result = run_job("sizes", 2, 5.0);
  EXPECT_NE(result.exit_code, 0);
  ASSERT_FALSE(result.errors.empty());
  expect_contains(result.errors[0], "all_gather 'weights' (collective 1)");
}

TEST(CommFailure, OneRanksErrorEndsAllWithOneMessage) {
  const JobResult result = run_job("fails", 3, 60.0);
  EXPECT_EQ(only_error(result), "error on rank 1: weights.safetensors: truncated");
  EXPECT_LT(result.seconds, 15);
}

TEST(CommFailure, AJobThatWasStoppedGoesOn) {
  const JobResult result = run_job("stopped", 2, 1.0);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.errors.empty()) << result.errors[0];
}

}  // namespace
}  // namespace cohort
