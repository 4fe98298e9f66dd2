#include "rollout/recorder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/hdf5_file.h"

namespace cohort {
namespace {

class RecorderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "cohort_recorder_test";
    make_folders(folder_);
  }
  void TearDown() override { remove_tree(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
};

Completion completion(std::vector<int32_t> tokens, Finish finish) {
  Completion c;
  for (size_t i = 0; i < tokens.size(); ++i) {
    c.logprob.push_back(-0.1f * static_cast<float>(i + 1));
    c.logprob_sampled.push_back(-0.3f / static_cast<float>(i + 1));
  }
  c.tokens = std::move(tokens);
  c.finish = finish;
  return c;
}

Group group(int64_t ordinal) {
  Group g;
  g.prompt = {.ordinal = ordinal,
              .row = 100 + ordinal,
              .source = "rows.jsonl:" + std::to_string(ordinal),
              .text = "prompt \xc3\xa9 " + std::to_string(ordinal),
              .answer = std::to_string(ordinal * 2),
              .tokens = {1, 2, static_cast<int32_t>(ordinal)}};
  g.completions = {completion({7, 8, static_cast<int32_t>(ordinal)}, Finish::stop),
                   completion({9}, Finish::length)};
  g.scores = {{.total = 1.1, .components = {{1.0, 0, 0}, {1.0, 0, 0}}},
              {.total = 0.1 * static_cast<double>(ordinal),
               .punishment = -0.25,
               .components = {{0.0, 1, 8}, {0.0, 1, 300}}}};
  g.advantages = {0.7071067811865475, -0.7071067811865475};
  return g;
}

void expect_same(const Group& a, const Group& b) {
  EXPECT_EQ(a.prompt.ordinal, b.prompt.ordinal);
  EXPECT_EQ(a.prompt.row, b.prompt.row);
  EXPECT_EQ(a.prompt.source, b.prompt.source);
  EXPECT_EQ(a.prompt.text, b.prompt.text);
  EXPECT_EQ(a.prompt.answer, b.prompt.answer);
  EXPECT_EQ(a.prompt.tokens, b.prompt.tokens);
  ASSERT_EQ(a.completions.size(), b.completions.size());
  for (size_t i = 0; i < a.completions.size(); ++i) {
    EXPECT_EQ(a.completions[i].tokens, b.completions[i].tokens);
    EXPECT_EQ(a.completions[i].logprob, b.completions[i].logprob);
    EXPECT_EQ(a.completions[i].logprob_sampled, b.completions[i].logprob_sampled);
    EXPECT_EQ(a.completions[i].finish, b.completions[i].finish);
  }
  ASSERT_EQ(a.scores.size(), b.scores.size());
  for (size_t i = 0; i < a.scores.size(); ++i) {
    EXPECT_EQ(a.scores[i].total, b.scores[i].total);
    EXPECT_EQ(a.scores[i].punishment, b.scores[i].punishment);
    ASSERT_EQ(a.scores[i].components.size(), b.scores[i].components.size());
    for (size_t j = 0; j < a.scores[i].components.size(); ++j) {
      EXPECT_EQ(a.scores[i].components[j].value, b.scores[i].components[j].value);
      EXPECT_EQ(a.scores[i].components[j].verdict, b.scores[i].components[j].verdict);
      EXPECT_EQ(a.scores[i].components[j].reason, b.scores[i].components[j].reason);
    }
  }
  EXPECT_EQ(a.advantages, b.advantages);
}

const RolloutInfo kInfo = {.stage = "rl",
                           .step = 12,
                           .seed = 18446744073709551615u,
                           .temperature = 0.1,
                           .rewards = {"format", "accuracy"}};

TEST_F(RecorderTest, GroupsComeBackBitForBitInOrdinalOrder) {
  write_groups(path("a.h5"), kInfo, {group(5), group(2), group(9)});
  const RolloutFile file = read_groups(path("a.h5"));
  EXPECT_EQ(file.info.stage, "rl");
  EXPECT_EQ(file.info.step, 12);
  EXPECT_EQ(file.info.seed, kInfo.seed);
  EXPECT_EQ(file.info.temperature, 0.1);
  EXPECT_EQ(file.info.rewards, kInfo.rewards);
  ASSERT_EQ(file.groups.size(), 3u);
  expect_same(file.groups[0], group(2));
  expect_same(file.groups[1], group(5));
  expect_same(file.groups[2], group(9));
}

TEST_F(RecorderTest, DatasetsAreThoseOfTheFormat) {
  write_groups(path("a.h5"), kInfo, {group(5), group(2)});
  const auto file = Hdf5File::open(path("a.h5"));
  EXPECT_EQ(file->read_i64("prompt/ordinal"), (std::vector<int64_t>{2, 5}));
  EXPECT_EQ(file->read_i64("prompt/offsets"), (std::vector<int64_t>{0, 3, 6}));
  EXPECT_EQ(file->read_i32("prompt/tokens"), (std::vector<int32_t>{1, 2, 2, 1, 2, 5}));
  EXPECT_EQ(file->read_i64("completion/prompt"), (std::vector<int64_t>{0, 0, 1, 1}));
  EXPECT_EQ(file->read_i64("completion/offsets"), (std::vector<int64_t>{0, 3, 4, 7, 8}));
  EXPECT_EQ(file->read_i32("completion/tokens"), (std::vector<int32_t>{7, 8, 2, 9, 7, 8, 5, 9}));
  EXPECT_EQ(file->read_f32("completion/logprob").size(), 8u);
  EXPECT_EQ(file->read_f32("completion/logprob_sampled").size(), 8u);
  EXPECT_EQ(file->read_u8("completion/finish"), (std::vector<uint8_t>{0, 1, 0, 1}));
  EXPECT_EQ(file->read_f64("completion/reward"), (std::vector<double>{1.1, 0.2, 1.1, 0.5}));
  EXPECT_EQ(file->read_f64("completion/advantage").size(), 4u);
  EXPECT_EQ(file->read_f64("reward/accuracy/value"), (std::vector<double>{1, 0, 1, 0}));
  EXPECT_EQ(file->read_u8("reward/accuracy/verdict"), (std::vector<uint8_t>{0, 1, 0, 1}));
  EXPECT_EQ(file->read_u16("reward/accuracy/reason"), (std::vector<uint16_t>{0, 300, 0, 300}));
}

TEST_F(RecorderTest, ContentDoesNotDependOnTheOrderOfArrival) {
  write_groups(path("a.h5"), kInfo, {group(5), group(2), group(9)});
  write_groups(path("b.h5"), kInfo, {group(9), group(5), group(2)});
  EXPECT_EQ(read_file(path("a.h5")), read_file(path("b.h5")));
}

TEST_F(RecorderTest, UngradedGroupsAndEmptyCompletionsAreKept) {
  Group g = group(3);
  g.scores.clear();
  g.advantages.clear();
  g.completions.push_back(completion({}, Finish::length));
  write_groups(path("a.h5"), kInfo, {g});
  expect_same(read_groups(path("a.h5")).groups.at(0), g);
  write_groups(path("b.h5"), kInfo, {});
  EXPECT_TRUE(read_groups(path("b.h5")).groups.empty());
}

TEST_F(RecorderTest, SpecialFloatsKeepTheirBits) {
  Group g = group(3);
  g.completions[0].logprob = {-std::numeric_limits<float>::infinity(), -0.0f, -1e-45f};
  write_groups(path("a.h5"), kInfo, {g});
  const auto read = read_groups(path("a.h5")).groups.at(0).completions[0].logprob;
  EXPECT_EQ(read, g.completions[0].logprob);
  EXPECT_TRUE(std::signbit(read[1]));
}

TEST_F(RecorderTest, PartlyGradedGroupsAreRefused) {
  Group g = group(3);
  g.scores.pop_back();
  EXPECT_THROW(write_groups(path("a.h5"), kInfo, {g}), CheckError);
  g = group(3);
  g.completions[0].logprob.pop_back();
  EXPECT_THROW(write_groups(path("a.h5"), kInfo, {g}), CheckError);
}

TEST_F(RecorderTest, FilesThatDoNotFitTogetherAreRefused) {
  EXPECT_THROW(read_groups(path("absent.h5")), InputError);
  {
    const auto file = Hdf5File::create(path("a.h5"));
    file->write_i64("prompt/ordinal", std::vector<int64_t>{1});
    file->commit();
  }
  EXPECT_THROW(read_groups(path("a.h5")), InputError);
  write_groups(path("b.h5"), kInfo, {group(1)});
  std::string bytes = read_file(path("b.h5"));
  bytes.resize(bytes.size() / 2);
  write_file_atomic(path("b.h5"), bytes);
  EXPECT_THROW(read_groups(path("b.h5")), InputError);
}

}  // namespace
}  // namespace cohort
