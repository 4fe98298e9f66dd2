#include "tests/rewards/math/compare/golds.h"

#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

// The same answer, written a little otherwise: both parses must then be compared by value.
std::string rewritten(std::string text) {
  for (const auto& [from, to] : std::initializer_list<std::pair<const char*, const char*>>{
           {"\\dfrac", "\\frac"}, {"\\left", ""}, {"\\right", ""}, {"pmatrix", "bmatrix"}})
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 1))
      text.replace(at, std::string(from).size(), to);
  return " " + text + " ";
}

void expect_reflexive(const std::string& file, size_t rows) {
  if (!have_shared_data()) GTEST_SKIP() << "no data sets beside the source tree";
  const auto answers = golds(file);
  EXPECT_EQ(answers.size(), rows);
  for (const std::string& answer : answers) {
    EXPECT_EQ(verdict(answer, answer), "correct") << answer;
    EXPECT_EQ(verdict(answer, rewritten(answer)), "correct") << answer;
  }
}

TEST(MathGolds, OfMath500EqualThemselves) { expect_reflexive("math500.jsonl.gz", 500); }
TEST(MathGolds, OfGsm8kTrainEqualThemselves) { expect_reflexive("gsm8k_train.jsonl.gz", 7473); }
TEST(MathGolds, OfGsm8kTestEqualThemselves) { expect_reflexive("gsm8k_test.jsonl.gz", 1319); }
TEST(MathGolds, OfAime24EqualThemselves) { expect_reflexive("aime24.jsonl.gz", 30); }

// A permutation, whose verdicts need no oracle: an answer of another problem is right only if it
// is the same one.
TEST(MathGolds, OfMath500AreToldApart) {
  if (!have_shared_data()) GTEST_SKIP() << "no data sets beside the source tree";
  const auto answers = golds("math500.jsonl.gz");
  std::vector<Expr> trees;
  for (const std::string& answer : answers) trees.push_back(parsed(answer));
  int64_t different = 0;
  for (size_t i = 0; i < trees.size(); ++i) {
    for (size_t j = 0; j < trees.size(); ++j) {
      Budget budget, other;
      const bool equal = compare(trees[i], trees[j], budget).equal;
      different += !equal;
      // Symmetric where no convention looks at one side: no unit, percent, degrees, relation.
      const auto plain = [](const std::string& text) {
        return text.find_first_of("=<>%.") == std::string::npos &&
               text.find("text") == std::string::npos && text.find("\\in") == std::string::npos;
      };
      if (plain(answers[i]) && plain(answers[j])) {
        EXPECT_EQ(equal, compare(trees[j], trees[i], other).equal)
            << answers[i] << "  " << answers[j];
      }
    }
  }
  EXPECT_GT(different, 240000);
}

}  // namespace
}  // namespace cohort::math
