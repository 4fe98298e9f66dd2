// The parts that stages are made of.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/jsonl.h"
#include "trainer/evaluate.h"
#include "trainer/group_codec.h"
#include "trainer/interrupt.h"
#include "trainer/metrics.h"
#include "trainer/policy_batch.h"
#include "trainer/run_folder.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

std::string fresh_folder(const std::string& name) {
  const std::string folder = testing::TempDir() + "cohort_stages_" + name;
  fs::remove_all(folder);
  make_folders(folder);
  return folder;
}

std::shared_ptr<const Tokenizer> tokenizer() {
  return Tokenizer::characters("0123456789+= ",
                               {"<eos>", "<think>", "</think>", "<answer>", "</answer>"});
}

const std::vector<RewardConfig> kRewards = {{.name = "math", .kind = "math", .weight = 1.0},
                                            {.name = "format", .kind = "format", .weight = 0.1}};

Completion completion(const std::string& text, Finish finish = Finish::stop) {
  Completion c;
  c.tokens = tokenizer()->encode(text);
  c.logprob.assign(c.tokens.size(), -0.25f);
  c.logprob_sampled = c.logprob;
  c.finish = finish;
  c.text = text;
  return c;
}

Group group_of(const std::vector<Completion>& completions, const std::string& prompt = "1+1=") {
  Group group;
  group.prompt.text = prompt;
  group.prompt.answer = "2";
  group.prompt.source = "data.jsonl:1";
  group.prompt.tokens = {1, 2, 3};
  group.completions = completions;
  return group;
}

const std::string kRight = "<think>1</think><answer>2</answer><eos>";
const std::string kWrong = "<think>1</think><answer>3</answer><eos>";

TEST(GroupCodec, GroupsComeBackBitForBit) {
  Group group = group_of({completion(kRight), completion("12", Finish::length)});
  group.prompt.ordinal = 1234567890123;
  group.scores = {{.total = 1.1, .components = {{1, 0, 0}, {1, 0, 0}}},
                  {.total = -0.5, .punishment = -0.25, .components = {}}};
  group.advantages = {0.5, -0.5};
  group.completions[0].logprob[0] = -0.0f;
  const std::vector<std::byte> bytes = encode_groups({group, Group{}});
  const std::vector<Group> back = decode_groups(bytes);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].prompt.ordinal, group.prompt.ordinal);
  EXPECT_EQ(back[0].prompt.source, group.prompt.source);
  EXPECT_EQ(back[0].completions[1].finish, Finish::length);
  EXPECT_TRUE(std::signbit(back[0].completions[0].logprob[0]));
  EXPECT_EQ(back[0].scores[0].components.size(), 2u);
  EXPECT_EQ(encode_groups(back), bytes);
}

TEST(GroupCodec, TornBytesAreRefused) {
  const std::vector<std::byte> bytes = encode_groups({group_of({completion(kRight)})});
  for (size_t size = 1; size < bytes.size(); size += 7)
    EXPECT_THROW(decode_groups({bytes.data(), size}), InputError) << size;
  std::vector<std::byte> longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_THROW(decode_groups(longer), InputError);
}

TEST(Grader, TheStopTokenIsNotGraded) {
  const Grader grader(
      kRewards, tokenizer(),
      {tokenizer()->eos_id() >= 0 ? tokenizer()->eos_id() : tokenizer()->id_of("<eos>")});
  Group group = group_of({completion(kRight), completion(kWrong)});
  grader.grade(group);
  EXPECT_DOUBLE_EQ(group.scores[0].total, 1.1);
  EXPECT_TRUE(grader.is_right(group.scores[0]));
  EXPECT_DOUBLE_EQ(group.scores[1].total, 0.1);
  EXPECT_FALSE(grader.is_right(group.scores[1]));
}

TEST(Grader, WhatThePromptOpenedBelongsToTheCompletion) {
  const Grader grader(kRewards, tokenizer(), {tokenizer()->id_of("<eos>")});
  Group group = group_of({completion("1</think><answer>2</answer><eos>")}, "1+1=<think> ");
  grader.grade(group);
  EXPECT_DOUBLE_EQ(group.scores[0].total, 1.1);
}

TEST(GradingPool, GradesEverythingThatIsSubmitted) {
  const Grader grader(kRewards, tokenizer(), {tokenizer()->id_of("<eos>")});
  GradingPool pool(grader, 3);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) {
      Group group = group_of({completion(i % 2 == 0 ? kRight : kWrong)});
      group.prompt.ordinal = i;
      pool.submit(std::move(group));
    }
    const std::vector<Group> graded = pool.take();
    ASSERT_EQ(graded.size(), 50u);
    for (const Group& group : graded)
      EXPECT_EQ(grader.is_right(group.scores[0]), group.prompt.ordinal % 2 == 0);
  }
}

TEST(GroupMetrics, CountsRewardsReasonsAndLengths) {
  const Grader grader(kRewards, tokenizer(), {tokenizer()->id_of("<eos>")});
  Group group = group_of({completion(kRight), completion(kWrong), completion("12", Finish::length),
                          completion("<think></think><answer></answer><eos>")});
  grader.grade(group);
  const Metrics m = group_metrics({group}, grader);
  EXPECT_DOUBLE_EQ(m.at("accuracy"), 0.25);
  EXPECT_DOUBLE_EQ(m.at("reward/math/mean"), 0.25);
  EXPECT_DOUBLE_EQ(m.at("response_length/min"), 2);
  EXPECT_DOUBLE_EQ(m.at("response_length/max"), 7);
  EXPECT_DOUBLE_EQ(m.at("response_length/truncated"), 0.25);
  EXPECT_DOUBLE_EQ(m.at("reward/math/reason/ok"), 1);
  EXPECT_DOUBLE_EQ(m.at("reward/math/reason/different_number"), 1);
  double reasons = 0;
  for (const auto& [name, value] : m)
    if (name.starts_with("reward/math/reason/")) reasons += value;
  EXPECT_DOUBLE_EQ(reasons, 4);
}

Group scored(const std::vector<bool>& right) {
  Group group;
  for (const bool r : right)
    group.scores.push_back(
        {.total = r ? 1.0 : 0.0,
         .components = {{.value = r ? 1.0 : 0.0, .verdict = static_cast<uint8_t>(r ? 0 : 1)},
                        {.value = 0, .verdict = 1}}});
  return group;
}

TEST(PassRate, OneSampleAPromptIsWilsonsInterval) {
  const Grader grader(kRewards, tokenizer(), {});
  std::vector<Group> groups;
  for (int i = 0; i < 101; ++i) groups.push_back(scored({i < 81}));
  const PassRate rate = pass_at_1(groups, grader);
  EXPECT_NEAR(rate.mean, 81.0 / 101, 1e-15);
  // Wilson at p = 81/101 and n = 100 (the variance is taken with n - 1).
  EXPECT_NEAR(rate.low, 0.71335, 1e-5);
  EXPECT_NEAR(rate.high, 0.86827, 1e-5);
}

TEST(PassRate, SamplesOfOnePromptAreNotIndependent) {
  const Grader grader(kRewards, tokenizer(), {});
  std::vector<Group> clustered, mixed;
  for (int i = 0; i < 100; ++i) {
    clustered.push_back(scored(std::vector<bool>(4, i % 2 == 0)));
    mixed.push_back(scored({true, false, true, false}));
  }
  mixed[0] = scored({true, true, true, false});
  mixed[1] = scored({true, false, false, false});
  const PassRate a = pass_at_1(clustered, grader), b = pass_at_1(mixed, grader);
  EXPECT_DOUBLE_EQ(a.mean, b.mean);
  EXPECT_GT(a.high - a.low, 4 * (b.high - b.low));
}

TEST(PassRate, CertaintyIsNotClaimed) {
  const Grader grader(kRewards, tokenizer(), {});
  const std::vector<Group> groups(50, scored({true, true}));
  const PassRate rate = pass_at_1(groups, grader);
  EXPECT_EQ(rate.mean, 1.0);
  EXPECT_EQ(rate.high, 1.0);
  EXPECT_LT(rate.low, 0.95);
}

TEST(PolicyBatch, MaskedTruncatedCompletionsCountNowhere) {
  const std::vector<Group> groups = {
      group_of({completion(kRight), completion("1", Finish::length)})};
  const auto plain = to_train_groups(groups, {}, 0);
  const auto masked = to_train_groups(groups, {.mask_truncated = true}, 0);
  EXPECT_EQ(plain[0].samples[1].mask, std::vector<uint8_t>{1});
  EXPECT_EQ(masked[0].samples[1].mask, std::vector<uint8_t>{0});
  EXPECT_EQ(masked[0].samples[0].mask, plain[0].samples[0].mask);
  EXPECT_EQ(masked[0].samples[0].old_logprob, groups[0].completions[0].logprob);
}

TEST(PolicyBatch, PunishmentsMoveTheAdvantageAndNothingElse) {
  const Grader grader({{.name = "format", .kind = "format", .weight = 0.5}}, tokenizer(),
                      {tokenizer()->id_of("<eos>")});
  std::vector<Group> groups = {group_of({completion(kRight), completion(kWrong)})};
  grader.grade(groups[0]);
  const Metrics before = group_metrics(groups, grader);
  EXPECT_DOUBLE_EQ(before.at("accuracy"), 1);

  GrpoConfig config;
  config.rollout.sampling.response_length = 8;
  config.overlong.buffer_len = 4;
  config.overlong.penalty_factor = 100;
  config.algorithm.use_kl_in_reward = true;
  config.algorithm.kl_coef = 10;
  const auto length = static_cast<double>(groups[0].completions[0].tokens.size());
  const double overlong = -100 * (length - 4) / 4, kl = -10 * 0.5 * length / 2;
  const Metrics overlong_metrics = punish_overlong(config, groups);
  std::vector<TrainGroup> batch = to_train_groups(groups, config.overlong, 0);
  for (TrainSample& sample : batch[0].samples)  // the second completion alone has moved
    sample.reference_logprob.assign(sample.tokens.size(),
                                    &sample == &batch[0].samples[0] ? -0.25f : -0.75f);
  const Metrics kl_metrics = punish_kl(config, batch, groups);
  set_advantages(config.algorithm.advantage, groups, batch);

  EXPECT_DOUBLE_EQ(overlong_metrics.at("punishment/overlong/mean"), overlong);
  EXPECT_DOUBLE_EQ(kl_metrics.at("punishment/kl/mean"), kl);
  EXPECT_DOUBLE_EQ(groups[0].scores[1].punishment, overlong + 2 * kl);
  EXPECT_EQ(group_metrics(groups, grader), before);
  EXPECT_GT(groups[0].advantages[0], 0);
  EXPECT_LT(groups[0].advantages[1], 0);
}

TEST(MetricsLog, IsCutBackByStageAndStep) {
  const std::string folder = fresh_folder("metrics");
  const auto alone = make_null_communicator();
  const auto steps = [&] {
    std::vector<std::string> found;
    read_jsonl(folder + "/metrics.jsonl", [&](const nlohmann::json& row, int64_t) {
      found.push_back(
          fmt::format("{}{}", row.at("stage").get<std::string>(), row.at("step").get<int64_t>()));
    });
    return found;
  };
  {
    MetricsLog log(folder, *alone, [](const std::string&, int64_t) { return true; });
    for (const char* stage : {"a", "b"})
      for (int64_t step = 0; step < 4; ++step) log.write(stage, step, {{"x", 0.1}});
    log.flush();
  }
  std::ofstream(folder + "/metrics.jsonl", std::ios::app) << "{\"stage\":\"b\",\"st";
  MetricsLog log(folder, *alone, [](const std::string& stage, int64_t) { return stage != "c"; });
  log.cut_back("b", 1);
  log.write("b", 2, {{"x", std::nan("")}});
  log.flush();
  EXPECT_EQ(steps(), (std::vector<std::string>{"a0", "a1", "a2", "a3", "b0", "b1", "b2"}));
}

TEST(RunFolder, ASecondLiveRunIsRefused) {
  RunConfig config;
  config.run.dir = fresh_folder("lock");
  const auto alone = make_null_communicator();
  {
    const RunFolder first(config, *alone);
    try {
      const RunFolder second(config, *alone);
      ADD_FAILURE() << "two runs in one folder";
    } catch (const ConfigError& e) {
      EXPECT_NE(std::string(e.what()).find(fmt::to_string(::getpid())), std::string::npos);
    }
  }
  EXPECT_NO_THROW(RunFolder(config, *alone));  // a lock file that nobody holds
}

TEST(RunFolder, DoneComesBack) {
  const std::string folder = fresh_folder("done");
  EXPECT_FALSE(read_done(folder));
  write_done(folder, {.checkpoint = "step_000007", .values = {{"run.seed", "1"}}});
  const auto done = read_done(folder);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->checkpoint, "step_000007");
  EXPECT_EQ(done->values.at("run.seed"), "1");
}

TEST(Interrupt, ASignalIsSeenAtTheEndOfTheStep) {
  const auto alone = make_null_communicator();
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    Interrupt interrupt(0);
    EXPECT_FALSE(interrupt.should_leave(*alone));
    raise(signal);
    EXPECT_TRUE(interrupt.should_leave(*alone));
  }
}

TEST(Interrupt, ASecondSignalEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Interrupt interrupt(0);
        raise(SIGINT);
        raise(SIGINT);
      },
      testing::ExitedWithCode(130), "");
}

TEST(Interrupt, TheTimeLimitIsKept) {
  const auto alone = make_null_communicator();
  Interrupt none(0), soon(1e-9), later(1e6);
  EXPECT_FALSE(none.should_leave(*alone));
  EXPECT_TRUE(soon.should_leave(*alone));
  EXPECT_STREQ(soon.reason(), "run.time_limit");
  EXPECT_FALSE(later.should_leave(*alone));
}

TEST(Interrupt, ALongStepOfAnotherStageLeavesNoMoreRoom) {
  const auto alone = make_null_communicator();
  const auto leaves_after_two_steps = [&](bool another_stage) {
    Interrupt interrupt(1.0);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_FALSE(interrupt.should_leave(*alone));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    if (another_stage) interrupt.begin_stage();
    return interrupt.should_leave(*alone);
  };
  EXPECT_TRUE(leaves_after_two_steps(false));  // 0.6 + 1.5 * 0.3 s
  EXPECT_FALSE(leaves_after_two_steps(true));
}

// At 0.4 s a step like the first would end at 0.8 s; without looking ahead the run would stay.
TEST(Interrupt, TheTimeLimitLeavesRoomForOneMoreStep) {
  const auto alone = make_null_communicator();
  Interrupt between(0.7), beyond(60);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_TRUE(between.should_leave(*alone));
  EXPECT_STREQ(between.reason(), "run.time_limit");
  EXPECT_FALSE(beyond.should_leave(*alone));
}

}  // namespace
}  // namespace cohort
