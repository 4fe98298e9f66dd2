#include "rollout/data/gsm8k_calculator.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/files.h"

namespace cohort {
namespace {

std::vector<std::string> texts(std::string_view solution) {
  std::vector<std::string> result;
  for (const Expression& e : find_annotations(solution)) result.push_back(e.text());
  return result;
}

using Texts = std::vector<std::string>;

TEST(FindAnnotations, KeepsPlainAdditionsAndSubtractions) {
  EXPECT_EQ(texts("He has 2+3=<<2+3=5>>5 and 9-4 = <<9 - 4 = 5>>5."), (Texts{"2+3", "9-4"}));
  EXPECT_EQ(texts("<<5-5=0>><<0+0=0>><<9999+1=10000>><<1+2=03>>"),
            (Texts{"5-5", "0+0", "9999+1", "1+2"}));
}

TEST(FindAnnotations, PassesOverTheRest) {
  EXPECT_EQ(texts("<<48/2=24>><<2*3=6>><<16-3-4=9>><<2.5+1=3.5>><<.5+1=2>><<2+3>><<x>><<>>"),
            Texts{});
  EXPECT_EQ(texts("<<2+3=6>>"), Texts{});                    // wrong
  EXPECT_EQ(texts("<<3-5=-2>><<3-5=2>>"), Texts{});          // negative
  EXPECT_EQ(texts("<<02+3=5>><<10000+1=10001>>"), Texts{});  // leading zero, five digits
  EXPECT_EQ(texts("<<$2+3=5>><<2+3=$5>><<2+3=5%>><<(2+3)=5>>"), Texts{});
}

TEST(FindAnnotations, ReadsBracketsAsTheRegularExpressionDoes) {
  EXPECT_EQ(texts("<<<2+3=5>>"), Texts{"2+3"});
  EXPECT_EQ(texts("<<2+3=5>>>"), Texts{"2+3"});
  EXPECT_EQ(texts("<<2+3=5>"), Texts{});
  EXPECT_EQ(texts("<<2+3=5"), Texts{});
  EXPECT_EQ(texts("<<2>3<<2+3=5>>"), Texts{"2+3"});
  EXPECT_EQ(texts("<"), Texts{});
}

class Gsm8k : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* split : {"train", "test"})
      if (!path_exists(file(split))) GTEST_SKIP() << "GSM8K is not at " << file(split);
  }
  static std::string file(const std::string& split) {
    return COHORT_SOURCE_DIR "/../shared/data/gsm8k_" + split + ".jsonl.gz";
  }
};

TEST_F(Gsm8k, HasTheKnownNumbersOfExpressions) {
  DataConfig train;
  train.files = {file("train")};
  DataConfig test;
  test.files = {file("test")};
  test.exclude_files = {file("train")};
  const auto train_rows = gsm8k_calculator_rows(train), test_rows = gsm8k_calculator_rows(test);
  EXPECT_EQ(train_rows.size(), 3713u);
  EXPECT_EQ(test_rows.size(), 374u);
}

TEST_F(Gsm8k, MadeShapesAvoidItsExpressionsAndTheirTwins) {
  DataConfig config;
  config.task = "calculator_shapes";
  config.num_rows = 5000;
  config.exclude_files = {file("test")};
  std::set<std::string> excluded;
  for (const Expression& e : gsm8k_expressions({file("test")})) {
    excluded.insert(e.text());
    if (e.op == '+') excluded.insert(Expression{e.b, '+', e.a}.text());
  }
  int64_t without_exclusion = 0;
  for (const Row& row : make_task_rows(config))
    EXPECT_FALSE(excluded.contains(row.prompt.substr(8, row.prompt.find("<|assistant|>") - 8)));
  config.exclude_files.clear();
  for (const Row& row : make_task_rows(config))
    without_exclusion +=
        excluded.contains(row.prompt.substr(8, row.prompt.find("<|assistant|>") - 8));
  EXPECT_GT(without_exclusion, 0);
}

}  // namespace
}  // namespace cohort
