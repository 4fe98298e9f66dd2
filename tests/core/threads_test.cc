#include "core/base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "core/base/error.h"

namespace cohort {
namespace {

class Threads : public testing::TestWithParam<int> {
 protected:
  Threads() : before_(num_threads()) { set_num_threads(GetParam()); }
  ~Threads() override { set_num_threads(before_); }

 private:
  int before_;
};

TEST_P(Threads, EveryTaskRunsOnce) {
  for (const int64_t tasks : {0, 1, 2, 7, 1000}) {
    std::vector<std::atomic<int>> runs(static_cast<size_t>(tasks));
    parallel_tasks(tasks, [&](int64_t i) { ++runs[static_cast<size_t>(i)]; });
    for (const auto& count : runs) ASSERT_EQ(count, 1);
  }
}

TEST_P(Threads, RangesCoverItemsAndRespectTheGrain) {
  for (const int64_t items : {1, 2, 3, 100}) {
    for (const int64_t grain : {1, 40, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(items));
      std::atomic<int64_t> ranges = 0;
      parallel_ranges(items, grain, [&](int64_t begin, int64_t end) {
        ++ranges;
        for (int64_t i = begin; i < end; ++i) ++runs[static_cast<size_t>(i)];
      });
      for (const auto& count : runs) ASSERT_EQ(count, 1);
      EXPECT_LE(ranges, std::min<int64_t>(num_threads(), (items + grain - 1) / grain));
    }
  }
  parallel_ranges(0, 1, [](int64_t, int64_t) { FAIL(); });
}

TEST_P(Threads, InsideATaskCallsStayOnTheirThread) {
  std::atomic<int> strangers = 0;
  std::atomic<int64_t> sum = 0;
  parallel_tasks(16, [&](int64_t) {
    const auto me = std::this_thread::get_id();
    parallel_tasks(8, [&](int64_t i) {
      strangers += std::this_thread::get_id() != me;
      sum += i;
    });
  });
  EXPECT_EQ(sum, 16 * 28);
  EXPECT_EQ(strangers, 0);
}

TEST_P(Threads, WhatATaskThrowsComesOut) {
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW(parallel_tasks(64,
                                [&](int64_t i) {
                                  if (i == 13) throw_error<InputError>("task {}", i);
                                }),
                 InputError);
    std::atomic<int> runs = 0;
    parallel_tasks(64, [&](int64_t) { ++runs; });
    ASSERT_EQ(runs, 64);  // the pool goes on
  }
}

TEST_P(Threads, TwoCallersAtOnceBothFinish) {
  std::atomic<int64_t> sum = 0;
  const auto caller = [&] {
    for (int round = 0; round < 500; ++round) parallel_tasks(10, [&](int64_t i) { sum += i; });
  };
  std::thread other(caller);
  caller();
  other.join();
  EXPECT_EQ(sum, 2 * 500 * 45);
}

TEST_P(Threads, SleepersWakeForWork) {
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // longer than they look out
    std::atomic<int> runs = 0;
    parallel_tasks(100, [&](int64_t) { ++runs; });
    ASSERT_EQ(runs, 100);
  }
}

// Data that one call writes is seen by the next, whichever threads take part.
TEST_P(Threads, CallsFollowEachOther) {
  std::vector<int64_t> values(256, 0);
  for (int64_t round = 0; round < 2000; ++round) {
    parallel_tasks(8, [&](int64_t part) {
      for (size_t i = 0; i < values.size(); ++i)
        if (static_cast<int64_t>(i + static_cast<size_t>(round)) % 8 == part) {
          ASSERT_EQ(values[i], round);
          ++values[i];
        }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, Threads, testing::Values(1, 2, 5));

TEST(ThreadCount, AtLeastOne) {
  EXPECT_GE(num_threads(), 1);
  EXPECT_THROW(set_num_threads(0), CheckError);
}

// Both threads of a pair meet: tasks do run side by side.
TEST(ThreadCount, TasksRunSideBySide) {
  const int before = num_threads();
  set_num_threads(2);
  std::atomic<int> arrived = 0;
  parallel_tasks(2, [&](int64_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  set_num_threads(before);
  EXPECT_EQ(arrived, 2);
}

}  // namespace
}  // namespace cohort
