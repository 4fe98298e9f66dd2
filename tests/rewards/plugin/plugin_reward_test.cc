#include "rewards/plugin/plugin_reward.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"

namespace cohort {
namespace {

std::vector<RewardResult> score(const Reward& reward, const std::vector<std::string>& completions,
                                const std::string& answer = "", int64_t tokens = 0) {
  std::vector<RewardInput> inputs;
  for (const std::string& text : completions)
    inputs.push_back({.completion = text, .answer = answer, .tokens = tokens});
  std::vector<RewardResult> results(inputs.size());
  reward.score_group({.completions = inputs}, results);
  return results;
}

std::unique_ptr<Reward> bad_command(double timeout = 20, int64_t processes = 4) {
  CommandSettings settings;
  settings.host = PLUGIN_HOST;
  settings.command = {BAD_COMMAND};
  settings.timeout = timeout;
  settings.start_timeout = 0;
  settings.processes = processes;
  return settings.make();
}

LibrarySettings library(const char* path, const std::string& user_data = "") {
  LibrarySettings settings;
  settings.path = path;
  settings.user_data = user_data;
  settings.host = PLUGIN_HOST;
  settings.timeout = 20;
  return settings;
}

void expect_failure(const Reward& reward, const std::string& order, Reason reason) {
  const RewardResult result = score(reward, {order})[0];
  EXPECT_EQ(result.value, 0.0) << order;
  EXPECT_EQ(result.verdict, Verdict::undecided) << order;
  EXPECT_STREQ(reason_name(result.reason), reason_name(reason)) << order;
}

// Processes whose parent is this one, zombies included.
int count_children() {
  int count = 0;
  for (const std::string& name : list_folder("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file("/proc/" + name + "/stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    std::istringstream rest(line.substr(line.rfind(')') + 1));
    std::string state;
    int parent = 0;
    rest >> state >> parent;
    count += parent == getpid();
  }
  return count;
}
size_t count_descriptors() { return list_folder("/proc/self/fd").size(); }

TEST(CommandReward, TheExampleJudges) {
  CommandSettings settings;
  settings.host = PLUGIN_HOST;
  settings.command = {"python3 " COHORT_SOURCE_DIR "/docs/examples/reward_command.py"};
  settings.judges = true;
  std::unique_ptr<Reward> reward;
  try {
    reward = settings.make();
  } catch (const ConfigError&) {
    GTEST_SKIP() << "python3 is not here";
  }
  EXPECT_TRUE(reward->timed());
  const auto results = score(*reward, {"I think:\nparis", "Rome", ""}, "Paris");
  EXPECT_EQ(results[0].value, 1.0);
  EXPECT_EQ(results[0].verdict, Verdict::correct);
  EXPECT_EQ(results[0].reason, Reason::ok);
  EXPECT_EQ(results[1].reason, Reason::plugin);
  EXPECT_EQ(results[1].extracted, "the last line is Rome");
  EXPECT_EQ(results[2].reason, Reason::no_answer);
  EXPECT_EQ(reward->score_gold({.answer = "Paris"}).verdict, Verdict::correct);
}

TEST(CommandReward, AFailureIsAReasonAndTheNextGroupIsScored) {
  const auto reward = bad_command();
  for (int round = 0; round < 2; ++round) {
    expect_failure(*reward, "crash", Reason::plugin_failed);
    EXPECT_EQ(score(*reward, {"fine"})[0].value, 1.0);
    expect_failure(*reward, "exit", Reason::plugin_failed);
    expect_failure(*reward, "close", Reason::plugin_failed);
    expect_failure(*reward, "garbage", Reason::plugin_bad_reply);
    EXPECT_EQ(score(*reward, {"fine"})[0].value, 1.0);
    expect_failure(*reward, "deep", Reason::plugin_bad_reply);
    expect_failure(*reward, "endless", Reason::plugin_bad_reply);
    EXPECT_EQ(score(*reward, {"noisy"})[0].value, 1.0);
    EXPECT_EQ(score(*reward, {"last"})[0].value, 1.0);  // ends by itself: not a failure
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(score(*reward, {"fine"})[0].value, 1.0);
  }
}

TEST(CommandReward, AReplyToAnotherRequestIsNone) {
  const auto reward = bad_command();
  EXPECT_EQ(score(*reward, {"fine"})[0].value, 1.0);
  expect_failure(*reward, "stale", Reason::plugin_bad_reply);
  EXPECT_EQ(score(*reward, {"early"})[0].value, 1.0);
  expect_failure(*reward, "fine", Reason::plugin_bad_reply);  // the second reply to "early"
  EXPECT_EQ(score(*reward, {"fine"})[0].value, 1.0);
}

TEST(CommandReward, AReplyAheadOfItsRequestIsNone) {
  const auto reward = bad_command();
  EXPECT_EQ(score(*reward, {"ahead"})[0].value, 1.0);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  expect_failure(*reward, "fine", Reason::plugin_bad_reply);
  EXPECT_EQ(score(*reward, {"fine"})[0].value, 1.0);
}

TEST(CommandReward, AlwaysHangingDoesNotCostTheStartEveryTime) {
  CommandSettings settings;
  settings.host = PLUGIN_HOST;
  settings.command = {BAD_COMMAND};
  settings.timeout = 0.05;
  settings.start_timeout = 1.6;
  const auto reward = settings.make();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) expect_failure(*reward, "hang", Reason::plugin_time_limit);
  // 10 x 0.05 + 1.6 + 0.8 + 0.4 + ...; it would be 16.5 s.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(9));
}

TEST(CommandReward, AHangEndsAtTheTimeLimit) {
  const auto reward = bad_command(0.3);
  expect_failure(*reward, "hang", Reason::plugin_time_limit);
  EXPECT_EQ(count_children(), 0);
  EXPECT_EQ(score(*reward, {"fine"})[0].value, 1.0);
}

int count_running(const std::string& program) {
  int count = 0;
  for (const std::string& name : list_folder("/proc")) {
    std::error_code error;
    count += std::filesystem::read_symlink("/proc/" + name + "/exe", error) == program;
  }
  return count;
}

TEST(CommandReward, ItsChildrenEndWithIt) {
  const auto reward = bad_command(60);
  EXPECT_EQ(score(*reward, {"child"})[0].value, 1.0);
  EXPECT_EQ(count_running(BAD_COMMAND), 2);
  const auto start = std::chrono::steady_clock::now();
  expect_failure(*reward, "crash", Reason::plugin_failed);  // seen although the child has its pipes
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  for (int i = 0; i < 100 && count_running(BAD_COMMAND) > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(count_running(BAD_COMMAND), 0);
  EXPECT_EQ(score(*reward, {"fine"})[0].value, 1.0);
}

// The run's process is killed while the plugin hangs: nobody tells the plugin.
TEST(CommandReward, AHangingPluginDoesNotOutliveARunThatIsKilled) {
  const pid_t run = fork();
  ASSERT_GE(run, 0);
  if (run == 0) {
    score(*bad_command(60), {"hang"});
    _exit(0);
  }
  const auto wait_for = [](int running) {
    for (int i = 0; i < 200 && count_running(BAD_COMMAND) != running; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return count_running(BAD_COMMAND) == running;
  };
  EXPECT_TRUE(wait_for(1));
  kill(run, SIGKILL);
  waitpid(run, nullptr, 0);
  EXPECT_TRUE(wait_for(0));
}

TEST(CommandReward, AShellOnlyWhenAsked) {
  CommandSettings settings;
  settings.host = PLUGIN_HOST;
  settings.command = {"while read line; do exit 5; done"};
  EXPECT_THROW(settings.make(), ConfigError);
  settings.shell = true;
  expect_failure(*settings.make(), "fine", Reason::plugin_failed);
}

TEST(CommandReward, ManyCallsOfManyThreadsLeaveNothingBehind) {
  const size_t descriptors = count_descriptors();
  {
    const auto reward = bad_command(20, 3);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 125; ++i) {
          const bool crash = i % 25 == 24;
          const RewardResult result = score(*reward, {crash ? "crash" : "fine"})[0];
          wrong += result.reason != (crash ? Reason::plugin_failed : Reason::plugin);
        }
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(count_children(), 3);
    EXPECT_LE(count_descriptors(), descriptors + 3 * 3);
  }
  EXPECT_EQ(count_children(), 0);
  EXPECT_EQ(count_descriptors(), descriptors);
}

TEST(LibraryReward, TheExampleScores) {
  const auto reward = library(EXAMPLE_LIBRARY, "therefore").make();
  EXPECT_TRUE(reward->timed());
  const auto results = score(*reward, {"therefore 5", "5"}, "", 250);
  EXPECT_EQ(results[0].value, 0.98);
  EXPECT_EQ(results[0].verdict, Verdict::correct);
  EXPECT_EQ(results[0].reason, Reason::ok);
  EXPECT_EQ(results[1].value, -0.02);
  EXPECT_EQ(results[1].extracted, "not found");
}

TEST(LibraryReward, AFailureIsAReasonAndTheNextGroupIsScored) {
  LibrarySettings settings = library(BAD_LIBRARY);
  settings.timeout = 1;
  const auto reward = settings.make();
  EXPECT_EQ(score(*reward, {"four", "fifty"})[1].value, 5.0);
  expect_failure(*reward, "crash", Reason::plugin_failed);
  EXPECT_EQ(score(*reward, {"four"})[0].value, 4.0);
  expect_failure(*reward, "exit", Reason::plugin_failed);
  expect_failure(*reward, "fail", Reason::plugin_failed);
  expect_failure(*reward, "verdict", Reason::plugin_failed);
  expect_failure(*reward, "nan", Reason::plugin_bad_reply);
  EXPECT_EQ(score(*reward, {"print"})[0].value, 5.0);  // its own printing is no reply
  expect_failure(*reward, "hang", Reason::plugin_time_limit);
  EXPECT_EQ(score(*reward, {"four"})[0].extracted, std::string(128, 'r'));
}

void expect_refused(LibrarySettings settings, const std::string& part) {
  settings.start_timeout = 1;
  try {
    settings.make();
    FAIL() << part;
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(LibraryReward, WhatCannotBeLoadedStopsTheRunBeforeItStarts) {
  expect_refused(library("/no/such/library.so"), "cannot open shared object file");
  expect_refused(library(EXAMPLE_LIBRARY, ""), "user_data is empty");
  expect_refused(library(BAD_LIBRARY, "refuse"), "as it was told");
  expect_refused(library(BAD_LIBRARY, "crash in init"), "signal 11");
  expect_refused(library(BAD_LIBRARY, "hang in init"), "not loaded within 1 s");
  expect_refused(library(BAD_COMMAND), "library");
  LibrarySettings elsewhere = library(EXAMPLE_LIBRARY, "x");
  elsewhere.host = "/no/such/host";
  expect_refused(elsewhere, "host program");
}

TEST(LibraryReward, AHostEndsWithTheProcessThatAskedIt) {
  LibrarySettings settings = library(BAD_LIBRARY);
  settings.timeout = 60;
  std::unique_ptr<Reward> reward = settings.make();
  EXPECT_EQ(score(*reward, {"four"})[0].value, 4.0);
  EXPECT_EQ(count_children(), 1);
  reward.reset();
  EXPECT_EQ(count_children(), 0);
}

TEST(PluginSettings, AreReadFromAConfiguration) {
  RewardConfig config{.name = "", .kind = "command"};
  read_config_text("{command: [cat, a b], timeout: 2.5, processes: 2, judges_answers: true}", "c",
                   {}, [&](Fields& f) { config.describe(f); });
  const auto& settings = dynamic_cast<const CommandSettings&>(*config.settings);
  EXPECT_EQ(settings.command, (std::vector<std::string>{"cat", "a b"}));
  EXPECT_TRUE(settings.judges_answers());
  RewardConfig none{.name = "", .kind = "command"};
  EXPECT_THROW(read_config_text("{}", "c", {}, [&](Fields& f) { none.describe(f); }), ConfigError);
  CommandSettings absent;
  absent.command = {"no-such-program-anywhere"};
  EXPECT_THROW(absent.make(), ConfigError);
}

}  // namespace
}  // namespace cohort
