#include "rewards/repetition/repetition_reward.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

void expect(std::string_view text, int64_t n, int64_t distinct, int64_t total) {
  const NgramCount count = count_ngrams(text, n);
  EXPECT_EQ(count.distinct, distinct) << text;
  EXPECT_EQ(count.total, total) << text;
}

TEST(Repetition, CountsNgramsOfWords) {
  expect("a b a b", 1, 2, 4);
  expect("a b a b", 2, 2, 3);
  expect("A\tb  a\nB", 2, 2, 3);
  expect("a b a b", 4, 1, 1);
  expect("a b a b", 5, 0, 0);
  expect("", 1, 0, 0);
  expect("\u00c9t\u00e9 e\u0301te\u0301", 1, 1, 2);
}

TEST(Repetition, AChineseCharacterIsAWord) {
  expect("\u6211\u4eec\u6211\u4eec", 2, 2, 3);
  expect("\u3044\u308d\u3044\u308d", 1, 2, 4);
}

TEST(Repetition, InvisibleCharactersDoNotMakeWordsDifferent) {
  expect("so\u200b so\u2060 s\u00ado so", 1, 1, 4);
}

TEST(Repetition, GivesTheSharePunished) {
  RepetitionSettings settings;
  settings.ngram_size = 2;
  settings.max_penalty = -2;
  const auto reward = settings.make();
  const std::vector<RewardInput> group = {
      {.completion = "a a a a a"}, {.completion = "a b c"}, {.completion = "a"}};
  std::vector<RewardResult> results(3);
  reward->score_group({.completions = group}, results);
  EXPECT_EQ(results[0].value, -1.5);
  EXPECT_EQ(results[0].reason, Reason::repetition);
  EXPECT_EQ(results[1].value, 0.0);
  EXPECT_EQ(results[1].verdict, Verdict::correct);
  EXPECT_EQ(results[2].verdict, Verdict::not_applicable);
  EXPECT_EQ(results[2].reason, Reason::too_few_words);
}

TEST(Repetition, TakesMegabytes) {
  std::string text;
  while (text.size() < 2'000'000) text += "word ";
  expect(text, 20, 1, 400'000 - 19);
}

}  // namespace
}  // namespace cohort
