// The rows of other_rewards.jsonl: inputs of open-r1's tests with the values that open-r1 computes.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "rewards/format/format_reward.h"
#include "rewards/format/reasoning_steps_reward.h"
#include "rewards/format/tag_count_reward.h"
#include "rewards/length/length_reward.h"
#include "rewards/repetition/repetition_reward.h"

namespace cohort {
namespace {

using Json = nlohmann::json;

// Rows where open-r1 is wrong, with the value that is right.
const std::map<std::string, double> kOnPurpose = {
    {"o303792891123", 0.0},  // text behind </answer>
    {"o09efa520e9d8", 0.0},  // thinking inside the answer
    {"o1bc92de456be", 0.0},  // two answers
    {"oe3ef32cd1360", 0.0},  // blank thinking
    {"off80ffb9a0f1", 0.5},  // cosine beyond max_len: clamped
    {"o21b6ac84a469", 0.5}, {"o19497ce96c8d", -0.5}, {"oa775b7d887bb", -0.5},
};

std::vector<Json> rows() {
  std::vector<Json> result;
  std::ifstream file(COHORT_SOURCE_DIR "/../shared/data/other_rewards.jsonl");
  for (std::string line; std::getline(file, line);) result.push_back(Json::parse(line));
  return result;
}

struct Case {
  std::unique_ptr<RewardSettings> settings;
  std::vector<std::string> texts;
  std::vector<int64_t> lengths;
  std::vector<bool> correct;
};

template <class Settings>
Settings& use(Case& c) {
  auto settings = std::make_unique<Settings>();
  Settings& result = *settings;
  c.settings = std::move(settings);
  return result;
}

// Null settings: a function of another folder.
Case make_case(const Json& row) {
  Case c;
  const std::string fn = row["fn"];
  const Json &params = row["params"], &input = row["input"];
  if (fn == "format") {
    use<FormatSettings>(c).rule.newlines = true;
  } else if (fn == "code_format") {
    use<FormatSettings>(c).rule = {.newlines = true, .code_block = params["language"]};
  } else if (fn == "tag_count") {
    use<TagCountSettings>(c).rule.newlines = true;
  } else if (fn == "reasoning_steps") {
    use<ReasoningStepsSettings>(c);
  } else if (fn == "repetition_penalty") {
    auto& settings = use<RepetitionSettings>(c);
    settings.ngram_size = params["ngram_size"];
    settings.max_penalty = params["max_penalty"];
  } else if (fn == "soft_overlong") {
    auto& settings = use<OverlongSettings>(c);
    settings.max_length = params["max_completion_len"];
    settings.cache = params["soft_punish_cache"];
  } else if (fn == "cosine") {
    auto& settings = use<CosineLengthSettings>(c);
    settings.max_len = params["max_len"];
    settings.correct = {params["max_value_correct"], params["min_value_correct"]};
    settings.wrong = {params["min_value_wrong"], params["max_value_wrong"]};
  } else if (fn == "len") {
    use<KimiLengthSettings>(c);
  }
  if (input.is_string()) c.texts.push_back(input);
  if (input.is_number()) c.lengths.push_back(input);
  if (input.contains("length")) {
    c.lengths.push_back(input["length"]);
    c.correct.push_back(input["correct"]);
  } else if (input.contains("lengths")) {
    c.lengths = input["lengths"].get<std::vector<int64_t>>();
    c.correct = input["correct"].get<std::vector<bool>>();
  }
  return c;
}

std::vector<RewardResult> score(const Case& c) {
  std::vector<RewardInput> group(std::max(c.texts.size(), c.lengths.size()));
  std::vector<RewardResult> accuracy(c.correct.size()), results(group.size());
  for (size_t i = 0; i < c.texts.size(); ++i) group[i].completion = c.texts[i];
  for (size_t i = 0; i < c.lengths.size(); ++i) group[i].tokens = c.lengths[i];
  for (size_t i = 0; i < c.correct.size(); ++i)
    accuracy[i].verdict = c.correct[i] ? Verdict::correct : Verdict::incorrect;
  c.settings->make()->score_group({.completions = group, .accuracy = accuracy}, results);
  return results;
}

TEST(OtherRewards, EveryRowHoldsOrDiffersOnPurpose) {
  const std::vector<Json> all = rows();
  if (all.empty()) GTEST_SKIP() << "shared/data/other_rewards.jsonl is not here";
  std::map<std::string, int> counted;
  size_t on_purpose = 0;
  for (const Json& row : all) {
    const Case c = make_case(row);
    if (!c.settings) continue;
    ++counted[row["fn"]];
    const std::string id = row["id"];
    std::vector<double> expected;
    if (row["expected"].is_array())
      expected = row["expected"].get<std::vector<double>>();
    else
      expected = {row["expected"].get<double>()};
    if (const auto fixed = kOnPurpose.find(id); fixed != kOnPurpose.end()) {
      EXPECT_NE(expected, std::vector{fixed->second}) << id << ": open-r1 agrees";
      expected = {fixed->second};
      ++on_purpose;
    }
    const std::vector<RewardResult> results = score(c);
    ASSERT_EQ(results.size(), expected.size()) << id;
    for (size_t i = 0; i < results.size(); ++i)
      EXPECT_NEAR(results[i].value, expected[i], 1e-15) << row.dump();
  }
  EXPECT_EQ(on_purpose, kOnPurpose.size());
  EXPECT_EQ(counted.size(), 8u);
}

}  // namespace
}  // namespace cohort
