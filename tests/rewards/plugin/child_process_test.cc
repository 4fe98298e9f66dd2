#include "rewards/plugin/child_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "core/base/error.h"

namespace cohort {
namespace {

using Outcome = ChildProcess::Outcome;
using Lines = std::vector<std::string>;

ChildProcess::Clock::time_point in_seconds(double count) {
  return ChildProcess::Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(count * 1000));
}

ChildProcess shell(const std::string& script, Lines* lines = nullptr) {
  return ChildProcess({"sh", "-c", script}, [lines](std::string_view line) {
    if (lines) lines->emplace_back(line);
  });
}

TEST(ChildProcess, AnswersLineByLine) {
  ChildProcess cat({"cat"}, [](std::string_view) {});
  std::string reply;
  EXPECT_EQ(cat.exchange("one", reply, 100, in_seconds(20)), Outcome::done);
  EXPECT_EQ(reply, "one");
  const std::string large(3'000'000, 'x');  // more than the pipes hold, both ways at once
  EXPECT_EQ(cat.exchange(large, reply, large.size(), in_seconds(20)), Outcome::done);
  EXPECT_EQ(reply, large);
  EXPECT_EQ(cat.exchange(large, reply, 1000, in_seconds(20)), Outcome::too_long);
  EXPECT_TRUE(cat.is_running());
}

TEST(ChildProcess, WhatItWroteBeforeItWasAskedIsNoReply) {
  std::string reply;
  ChildProcess eager = shell("read line; echo one; echo two; cat");
  EXPECT_EQ(eager.exchange("go", reply, 100, in_seconds(20)), Outcome::done);
  EXPECT_EQ(reply, "one");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(eager.exchange("two", reply, 100, in_seconds(20)), Outcome::unasked);
  EXPECT_EQ(reply, "two\n");
}

TEST(ChildProcess, TellsHowItEnded) {
  std::string reply;
  ChildProcess three = shell("read line; exit 3");
  EXPECT_EQ(three.exchange("go", reply, 100, in_seconds(20)), Outcome::ended);
  three.kill();
  EXPECT_EQ(three.end(), "exit code 3");
  EXPECT_FALSE(three.is_running());
  ChildProcess crash = shell("read line; kill -SEGV $$");
  EXPECT_EQ(crash.exchange("go", reply, 100, in_seconds(20)), Outcome::ended);
  crash.kill();
  EXPECT_EQ(crash.end().substr(0, 9), "signal 11");
}

TEST(ChildProcess, WritingToOneThatHasEndedIsNoSignal) {
  std::string reply;
  ChildProcess gone = shell("exec 0<&-; sleep 0.2");
  EXPECT_EQ(gone.exchange(std::string(1'000'000, 'x'), reply, 100, in_seconds(20)), Outcome::ended);
}

TEST(ChildProcess, TheDeadlineHolds) {
  std::string reply;
  ChildProcess slow = shell("sleep 60");
  const auto start = ChildProcess::Clock::now();
  EXPECT_EQ(slow.exchange("go", reply, 100, in_seconds(0.2)), Outcome::timed_out);
  slow.kill();
  EXPECT_LT(ChildProcess::Clock::now() - start, std::chrono::seconds(20));
  EXPECT_EQ(slow.end().substr(0, 8), "signal 9");
}

TEST(ChildProcess, PassesOnWhatItWritesToStderr) {
  Lines lines;
  std::string reply;
  {
    ChildProcess talker =
        shell("echo started >&2; read line; echo got $line >&2; echo done; cat", &lines);
    EXPECT_EQ(talker.exchange("it", reply, 100, in_seconds(20)), Outcome::done);
  }
  EXPECT_EQ(lines, (Lines{"started", "got it"}));
}

TEST(ChildProcess, HasNoDescriptorButItsThree) {
  const int extra = dup(0);
  ASSERT_GE(extra, 3);
  std::string reply;
  ChildProcess list = shell("read line; echo $(ls /proc/self/fd)");
  EXPECT_EQ(list.exchange("go", reply, 100, in_seconds(20)), Outcome::done);
  EXPECT_EQ(reply, "0 1 2 3");  // 3: the folder that ls reads
  close(extra);
}

TEST(ChildProcess, AProgramThatIsNotThereIsAnError) {
  EXPECT_THROW(ChildProcess({"/no/such/program"}, [](std::string_view) {}), IoError);
}

}  // namespace
}  // namespace cohort
