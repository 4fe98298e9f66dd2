// Keys of a stage do what they say, seen from outside: in metrics, rollout files and checkpoints.
#include <algorithm>
#include <filesystem>
#include <set>

#include "core/base/files.h"
#include "rewards/reason.h"
#include "rollout/recorder.h"
#include "tests/integration/pipeline_fixture.h"
#include "trainer/model_source.h"
#include "trainer/run_folder.h"
#include "trainer/stages/stage_context.h"

namespace cohort {
namespace {

class StageSettings : public PipelineTest {
 protected:
  // The recipe's first `stages`, with keys changed.
  RunConfig first_stages(size_t stages, const std::string& name,
                         const std::vector<std::string>& overrides) const {
    RunConfig shorter = config(name, overrides);
    shorter.pipeline.resize(stages);
    return shorter;
  }
  std::vector<Group> groups(const std::string& name, const std::string& stage, int64_t step) const {
    return read_groups(rollout_path(folder(name) + "/" + stage, step)).groups;
  }
};

TEST_F(StageSettings, StopWhenEndsTheStageAtTheFirstLookThatReachesIt) {
  // Every accuracy reaches 0, so the first look does.
  const std::vector<std::string> keys = {"pipeline.cold.stop_when={accuracy: 0.0, every: 7}",
                                         "pipeline.cold.test_freq=0"};
  ASSERT_EQ(run(first_stages(1, "one", keys)), 0);
  EXPECT_EQ(read_done(folder("one") + "/cold")->checkpoint, "step_000007");
  const auto rows = metrics("one");
  EXPECT_TRUE(rows.contains("cold7"));
  EXPECT_FALSE(rows.contains("cold8"));
  // That it has stopped outlives a process that dies before the stage is marked as done.
  const std::string before = total("one");
  std::filesystem::remove(folder("one") + "/cold/done.json");
  ASSERT_EQ(run(first_stages(1, "one", keys)), 0);
  EXPECT_EQ(read_done(folder("one") + "/cold")->checkpoint, "step_000007");
  EXPECT_EQ(total("one"), before);
  EXPECT_EQ(metrics("one"), rows);
}

TEST_F(StageSettings, ValidationBeforeTrainingCanBeLeftOut) {
  ASSERT_EQ(run(first_stages(2, "with", {"pipeline.rl.total_steps=1"})), 0);
  ASSERT_EQ(run(first_stages(2, "without",
                             {"pipeline.rl.total_steps=1", "pipeline.rl.val_before_train=false"})),
            0);
  EXPECT_TRUE(metrics("with").contains("rl0"));
  EXPECT_FALSE(metrics("without").contains("rl0"));
  EXPECT_EQ(metrics("with").at("rl1"), metrics("without").at("rl1"));
}

// k3 between a policy and itself is exactly 0, and between two policies it is not.
TEST_F(StageSettings, TheReferenceIsThePolicyAfterEachRefresh) {
  ASSERT_EQ(run(first_stages(2, "run",
                             {"pipeline.rl.algorithm.filter_groups={enable: false}",
                              "pipeline.rl.actor.ppo_mini_batch_size=0",
                              "pipeline.rl.actor.ref_refresh_freq=2"})),
            0);
  const auto rows = metrics("run");
  for (const int64_t step : {1, 3})
    EXPECT_EQ(rows.at(fmt::format("rl{}", step)).at("actor/kl").get<double>(), 0.0) << step;
  for (const int64_t step : {2, 4})
    EXPECT_GT(rows.at(fmt::format("rl{}", step)).at("actor/kl").get<double>(), 0.0) << step;
}

TEST_F(StageSettings, OldRolloutFilesGoWhereOnlyTheNewestAreKept) {
  ASSERT_EQ(run(first_stages(2, "run", {"pipeline.rl.keep_rollouts=2"})), 0);
  EXPECT_EQ(list_folder(folder("run") + "/rl/rollouts"),
            (std::vector<std::string>{"step_000003.h5", "step_000004.h5"}));
}

// What is sampled of a prompt does not depend on who is asked beside it, so a run without dynamic
// sampling shows what one with it chose from.
TEST_F(StageSettings, DynamicSamplingTakesTheFirstAcceptedGroupsInStreamOrder) {
  const auto keys = [](const std::string& filter, int batch) {
    return std::vector<std::string>{"pipeline.rl.total_steps=1",
                                    "pipeline.rl.algorithm.filter_groups=" + filter,
                                    fmt::format("pipeline.rl.data.train_batch_size={}", batch)};
  };
  ASSERT_EQ(run(first_stages(2, "all", keys("{enable: false}", 12))), 0);
  ASSERT_EQ(run(first_stages(2, "some",
                             keys("{enable: true, metric: score, gen_batch_size: 6, "
                                  "max_num_gen_batches: 2}",
                                  3))),
            0);
  std::vector<int64_t> expected, taken;
  int64_t refused_before = 0;
  for (const Group& group : groups("all", "rl", 1)) {
    std::set<double> totals;
    for (const Score& score : group.scores) totals.insert(score.total);
    if (totals.size() > 1 && expected.size() < 3) expected.push_back(group.prompt.ordinal);
    if (totals.size() == 1 && expected.size() < 3) ++refused_before;
  }
  for (const Group& group : groups("some", "rl", 1)) taken.push_back(group.prompt.ordinal);
  EXPECT_EQ(taken, expected);
  ASSERT_GT(refused_before, 0) << "nothing to refuse: this test would pass without the filter";
  ASSERT_FALSE(expected.empty());
}

TEST_F(StageSettings, RejectKeepsTheShortestRightSamplesOfAPrompt) {
  for (const char* prefer : {"first", "shortest"})
    ASSERT_EQ(run(first_stages(3, prefer,
                               {"pipeline.rl.total_steps=1", "pipeline.samples.rollout.n=16",
                                "pipeline.samples.max_kept=1",
                                std::string("pipeline.samples.prefer=") + prefer})),
              0);
  const auto tokenizer = load_model(folder("first") + "/cold", "fp32").tokenizer;
  std::map<std::string, std::map<std::string, size_t>> kept;  // by preference and source
  for (const char* prefer : {"first", "shortest"})
    read_jsonl(
        kept_samples_path(folder(prefer) + "/samples"), [&](const nlohmann::json& row, int64_t) {
          const size_t length = tokenizer->encode(row.at("response").get<std::string>()).size();
          EXPECT_TRUE(kept[prefer].emplace(row.at("source"), length).second) << "two of " << row;
        });
  std::map<std::string, std::map<std::string, size_t>> expected;
  for (int64_t wave = 1; wave <= 3; ++wave) {
    for (const Group& group : groups("first", "samples", wave)) {
      for (size_t i = 0; i < group.scores.size(); ++i) {
        if (group.scores[i].components.front().verdict != static_cast<uint8_t>(Verdict::correct))
          continue;
        const size_t length = group.completions[i].tokens.size() - 1;  // without the end of text
        expected["first"].emplace(group.prompt.source, length);
        size_t& shortest = expected["shortest"].emplace(group.prompt.source, length).first->second;
        shortest = std::min(shortest, length);
      }
    }
  }
  EXPECT_EQ(kept, expected);
  EXPECT_NE(kept["first"], kept["shortest"]) << "the two preferences must differ here";
}

}  // namespace
}  // namespace cohort
