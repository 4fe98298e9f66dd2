// Ten thousand runs of all kinds by several callers leave behind what one run leaves: nothing.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

Job make_job(int i) {
  Job job;
  job.limits.cpu_seconds = 5;
  job.limits.wall_seconds = 30;
  const std::string number = std::to_string(i);
  switch (i % 20) {
    case 0:
      job.call = Call{"f", "(" + number + ",)"};
      job.source = "def f(x): return x\n";
      break;
    case 1:
      job.source = "import os\nif os.fork() == 0:\n    os.setsid()\n    while True: pass\nprint(" +
                   number + ")\n";
      break;
    case 2:
      job.source = "print(" + number + ")\nraise SystemExit(3)\n";
      break;
    case 3:
      job.source = "print(" + number + ", flush=True)\nimport os\nos.abort()\n";
      break;
    case 4:
      job.source = "open('f', 'w').write('x' * 1000000)\nprint(input())\n";
      job.input = number;
      break;
    default:
      job.source = "print(input())\n";
      job.input = number;
  }
  return job;
}

TEST(SandboxStress, TenThousandRunsLeaveNothingBehind) {
  if (!sandbox_here().works) GTEST_SKIP() << "no sandbox here: " << sandbox_here().detail;
  const auto pool = start_sandbox(2, helper_path_for_tests());
  std::atomic<int> next = 0, wrong = 0;
  const auto work = [&](int end) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = next++; i < end; i = next++) {
          const Execution e = pool->run({make_job(i)}).at(0);
          const std::string expected = std::to_string(i);
          if (i % 20 == 0 ? e.returned != expected : e.output != expected + "\n") {
            ++wrong;
            ADD_FAILURE() << i << ": " << describe(e);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  work(200);
  const Inventory before = take_quiet_inventory();
  next = 0;
  work(10000);
  EXPECT_EQ(describe(take_quiet_inventory()), describe(before));
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace cohort::judge
