// What becomes of a run when a process of the helper is killed or stopped from outside.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

using namespace std::chrono_literals;

std::vector<pid_t> children_of(pid_t process) {
  const std::string id = std::to_string(process);
  std::ifstream file("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

enum Part { kTop, kHelper, kKeeper, kInterpreter };

// Of the newest child of this process; -1: not there.
pid_t find(Part part) {
  const std::vector<pid_t> tops = children_of(getpid());
  pid_t process = tops.empty() ? -1 : tops.back();
  for (int level = 0; level < part && process > 0; ++level) {
    const std::vector<pid_t> children = children_of(process);
    process = children.empty() ? -1 : children.front();
  }
  return process;
}

class SandboxLoss : public SandboxTest {
 protected:
  std::unique_ptr<Sandbox> pool_ = start_sandbox(1, helper_path_for_tests());
};

Job printing(const std::string& before = "") {
  Job job;
  job.source = before + "print(1)";
  return job;
}

TEST_F(SandboxLoss, AnIdleHelperThatWasKilledIsReplaced) {
  for (const Part part : {kTop, kHelper, kKeeper, kInterpreter}) {
    for (const int signal : {SIGTERM, SIGKILL}) {
      if (signal == SIGTERM && part >= kKeeper) continue;  // the init of a namespace
      ASSERT_EQ(kill(find(part), signal), 0);
      const Execution e = pool_->run({printing()}).at(0);
      EXPECT_EQ(e.output, "1\n") << part << " " << signal << " " << describe(e);
      std::this_thread::sleep_for(50ms);
      EXPECT_EQ(pool_->run({printing()}).at(0).output, "1\n") << part << " " << signal;
    }
  }
}

TEST_F(SandboxLoss, ARunWhoseHelperWasKilledIsRunAgain) {
  for (const Part part : {kTop, kHelper, kKeeper, kInterpreter}) {
    const pid_t process = find(part);
    ASSERT_GT(process, 0) << part;
    std::thread killer([&] {
      std::this_thread::sleep_for(150ms);
      kill(process, SIGKILL);
    });
    const std::vector<Job> jobs = {printing(), printing("import time\ntime.sleep(0.4)\n"),
                                   printing()};
    int seen = 0;
    const std::vector<Execution> all = pool_->run(jobs, [&seen](Execution&) { return ++seen > 0; });
    killer.join();
    ASSERT_EQ(all.size(), 3u);
    for (const Execution& e : all) EXPECT_EQ(e.output, "1\n") << part << " " << describe(e);
    EXPECT_EQ(seen, 3) << part;
  }
}

// The program's process waits for the interpreter, and the init process for it.
TEST_F(SandboxLoss, ARunThatCannotEndEndsItsKeeper) {
  const pid_t interpreter = find(kInterpreter);
  ASSERT_GT(interpreter, 0);
  std::thread stopper([interpreter] {
    std::this_thread::sleep_for(300ms);
    kill(interpreter, SIGSTOP);
  });
  Job job = printing("import time\ntime.sleep(100)\n");
  job.limits.wall_seconds = 1;
  const auto start = std::chrono::steady_clock::now();
  const Execution e = pool_->run({job}).at(0);
  stopper.join();
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 15s);
  EXPECT_NE(kill(interpreter, 0), 0);
  EXPECT_EQ(pool_->run({printing()}).at(0).output, "1\n");
}

TEST_F(SandboxLoss, TheGroupOfAKilledHelperGoesWithTheNextStart) {
  ASSERT_EQ(kill(find(kTop), SIGKILL), 0);
  EXPECT_EQ(pool_->run({printing()}).at(0).output, "1\n");
  EXPECT_EQ(take_quiet_inventory().cgroups, 0);
}

TEST_F(SandboxLoss, AParentWithoutStandardStreamsHasASandbox) {
  EXPECT_EXIT(
      {
        for (const int fd : {0, 1, 2}) close(fd);
        _exit(sandbox_availability(helper_path_for_tests()).works ? 7 : 1);
      },
      testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace cohort::judge
