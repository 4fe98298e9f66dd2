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

// Never kill(-1), which is everybody.
bool send_signal(pid_t process, int signal) { return process > 1 && kill(process, signal) == 0; }

class SandboxLoss : public SandboxTest {
 protected:
  // Made last, for find(), and gone before it is looked at what is left.
  void SetUp() override {
    SandboxTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) pool_ = start_sandbox(1, helper_path_for_tests());
  }
  void TearDown() override {
    pool_.reset();
    SandboxTest::TearDown();
  }
  // Waits for it: what was killed may be about to go, and is replaced by the next run alone.
  pid_t find_alive(Part part) {
    pid_t process = find(part);
    for (int i = 0; i < 100 && process <= 1; ++i) {
      std::this_thread::sleep_for(10ms);
      pool_->run({Job{}});
      process = find(part);
    }
    return process;
  }

  std::unique_ptr<Sandbox> pool_;
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
      ASSERT_TRUE(send_signal(find_alive(part), signal)) << part;
      const Execution e = pool_->run({printing()}).at(0);
      EXPECT_EQ(e.output, "1\n") << part << " " << signal << " " << describe(e);
      std::this_thread::sleep_for(50ms);
      EXPECT_EQ(pool_->run({printing()}).at(0).output, "1\n") << part << " " << signal;
    }
  }
}

TEST_F(SandboxLoss, ARunWhoseHelperWasKilledIsRunAgain) {
  for (const Part part : {kTop, kHelper, kKeeper, kInterpreter}) {
    const pid_t process = find_alive(part);
    ASSERT_GT(process, 1) << part;
    std::thread killer([&] {
      std::this_thread::sleep_for(150ms);
      send_signal(process, SIGKILL);
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
  const pid_t interpreter = find_alive(kInterpreter);
  ASSERT_GT(interpreter, 1);
  std::thread stopper([interpreter] {
    std::this_thread::sleep_for(300ms);
    send_signal(interpreter, SIGSTOP);
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
  ASSERT_TRUE(send_signal(find_alive(kTop), SIGKILL));
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
