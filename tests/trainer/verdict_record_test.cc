#include "trainer/verdict_record.h"

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

Group graded(int64_t ordinal, std::vector<int32_t> tokens, int32_t test_case) {
  Group group;
  group.prompt = {.ordinal = ordinal, .source = "f:1", .text = "p", .answer = "g", .tokens = {1}};
  const std::vector<float> logprobs(tokens.size(), -1.0F);
  group.completions = {{.tokens = std::move(tokens),
                        .logprob = logprobs,
                        .logprob_sampled = logprobs,
                        .finish = Finish::stop,
                        .text = {}}};
  group.scores = {{.total = 0.5, .components = {{0.5, 1, 36, test_case}}}};
  return group;
}

Group ungraded(Group group) {
  group.scores.clear();
  return group;
}

using VerdictRecordTest = TempFolderTest;

TEST_F(VerdictRecordTest, SaysAgainWhatWasSaidOfTheSameCompletions) {
  const std::string path = verdict_path(folder_, 3, "wave_1");
  write_verdicts(path, {"code"}, {graded(7, {4, 5}, 2), graded(9, {6}, 0)});

  const VerdictRecord record(path);
  Group group = ungraded(graded(7, {4, 5}, 0));
  ASSERT_TRUE(record.replay(group));
  EXPECT_EQ(group.scores.front().total, 0.5);
  EXPECT_EQ(group.scores.front().components.front().reason, 36);
  EXPECT_EQ(group.scores.front().components.front().test_case, 2);
  EXPECT_TRUE(record.holds_all_of({group, ungraded(graded(9, {6}, 0))}));
}

TEST_F(VerdictRecordTest, SaysNothingOfOtherCompletions) {
  const std::string path = folder_ + "/v.h5";
  write_verdicts(path, {"code"}, {graded(7, {4, 5}, 2)});
  const VerdictRecord record(path);
  Group other_tokens = ungraded(graded(7, {4, 6}, 0)),
        other_prompt = ungraded(graded(8, {4, 5}, 0));
  EXPECT_FALSE(record.replay(other_tokens));
  EXPECT_FALSE(record.replay(other_prompt));
  EXPECT_TRUE(other_tokens.scores.empty());
  EXPECT_FALSE(record.holds_all_of({other_tokens}));
}

TEST_F(VerdictRecordTest, WithoutAReadableFileNothingIsRecorded) {
  const std::string path = folder_ + "/v.h5";
  Group group = ungraded(graded(7, {4}, 0));
  EXPECT_FALSE(VerdictRecord(path).replay(group));
  write_file_atomic(path, "torn");
  EXPECT_FALSE(VerdictRecord(path).replay(group));
}

TEST_F(VerdictRecordTest, IsKeptForTheStepsThatACheckpointWouldRunAgain) {
  for (const int64_t step : {2, 3, 4, 5})
    write_verdicts(verdict_path(folder_, step, "wave_1"), {"code"}, {graded(1, {4}, 0)});
  prune_verdicts(folder_);  // no checkpoint yet: all steps would be run again
  EXPECT_EQ(list_folder(folder_ + "/verdicts").size(), 4);
  make_folders(folder_ + "/checkpoints/step_000003");
  make_folders(folder_ + "/checkpoints/step_000004");
  prune_verdicts(folder_);
  EXPECT_EQ(list_folder(folder_ + "/verdicts"),
            (std::vector<std::string>{"step_000004_wave_1.h5", "step_000005_wave_1.h5"}));
}

}  // namespace
}  // namespace cohort
