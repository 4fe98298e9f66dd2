#include "rollout/data/expression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/io/jsonl.h"

namespace cohort {
namespace {

TEST(Expression, WorkingAddsAndBorrowsDigitByDigit) {
  EXPECT_EQ(working({603, '+', 422}, Style::full), "3+2+0=05,0+2+0=02,6+4+0=10");
  EXPECT_EQ(working({603, '+', 422}, Style::brief), "3+2,0+2,6+4");
  EXPECT_EQ(working({603, '+', 422}, Style::direct), "");
  EXPECT_EQ(working({999, '+', 1}, Style::full), "9+1+0=10,9+0+1=10,9+0+1=10");
  EXPECT_EQ(working({500, '-', 1}, Style::full), "0-1-0=19,0-0-1=19,5-0-1=04");
  EXPECT_EQ(working({7, '-', 7}, Style::full), "7-7-0=00");
  EXPECT_EQ(working({0, '+', 0}, Style::brief), "0+0");
}

TEST(Expression, AWorkingsDigitsAreTheAnswer) {
  // The last character of each column, highest first, with the last carry in front.
  for (const Expression e :
       {Expression{603, '+', 422}, Expression{987, '+', 986}, Expression{1234, '-', 999},
        Expression{40, '+', 8}, Expression{1000, '-', 1}}) {
    const std::string text = working(e, Style::full);
    std::string digits;
    for (size_t i = 0; i < text.size(); ++i)
      if (i + 1 == text.size() || text[i + 1] == ',') digits.insert(digits.begin(), text[i]);
    digits.insert(digits.begin(), text[text.size() - 2]);
    EXPECT_EQ(std::stoll(digits), e.value()) << text;
  }
}

TEST(Expression, RowHasR1sFormat) {
  const Row row = expression_row({603, '+', 422}, Style::brief, "here");
  EXPECT_EQ(row.prompt, "<|user|>603+422<|assistant|>");
  EXPECT_EQ(row.answer, "1025");
  EXPECT_EQ(row.response, "<think>3+2,0+2,6+4</think><answer>1025</answer><|eos|>");
}

DataConfig arithmetic(const std::string& split, int64_t seed, int64_t rows) {
  DataConfig config;
  config.task = "arithmetic";
  config.split = split;
  config.seed = seed;
  config.num_rows = rows;
  return config;
}

// "603+422" with the smaller operand of + first.
std::string canonical_text(const Row& row) {
  const std::string text = row.prompt.substr(8, row.prompt.find("<|assistant|>") - 8);
  const size_t op = text.find_first_of("+-");
  return Expression{std::stoll(text.substr(0, op)), text[op], std::stoll(text.substr(op + 1))}
      .canonical()
      .text();
}

std::set<std::string> canonical_texts(const std::vector<Row>& rows) {
  std::set<std::string> texts;
  for (const Row& row : rows) texts.insert(canonical_text(row));
  return texts;
}

TEST(ArithmeticTask, SplitsAreDisjointForAnySeedWithCommutedTwins) {
  std::map<std::string, std::set<std::string>> splits;
  for (const char* split : {"train", "dev", "test"})
    for (const int64_t seed : {1, 2, 3})
      splits[split].merge(canonical_texts(make_task_rows(
          arithmetic(split, seed, split[0] == 't' && split[1] == 'r' ? 20000 : 2000))));
  for (const auto& [a, first] : splits)
    for (const auto& [b, second] : splits) {
      if (a >= b) continue;
      std::vector<std::string> both;
      std::ranges::set_intersection(first, second, std::back_inserter(both));
      EXPECT_TRUE(both.empty()) << a << " and " << b << " share " << both.size() << ": " << both[0];
    }
}

TEST(ArithmeticTask, RowsAreAFunctionOfTheSeedAndPrefixesOfOneAnother) {
  const auto rows = make_task_rows(arithmetic("train", 1, 300));
  const auto again = make_task_rows(arithmetic("train", 1, 400));
  const auto other = make_task_rows(arithmetic("train", 2, 300));
  int64_t different = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].prompt, again[i].prompt);
    EXPECT_EQ(rows[i].response, again[i].response);
    different += rows[i].prompt != other[i].prompt;
  }
  EXPECT_GT(different, 290);
  // Pinned: the rows of a seed never change.
  EXPECT_EQ(rows[0].prompt + rows[0].response,
            "<|user|>972+512<|assistant|><think>2+2+0=04,7+1+0=08,9+5+0=14</think>"
            "<answer>1484</answer><|eos|>");
}

TEST(ArithmeticTask, RowsAreUniqueRightAndMixStylesAsAsked) {
  DataConfig config = arithmetic("train", 1, 5000);
  config.style_mix = {1, 1, 2};
  std::set<std::string> prompts;
  std::map<std::string, int> count;
  for (const Row& row : make_task_rows(config)) {
    EXPECT_TRUE(prompts.insert(row.prompt).second);
    ++count[row.response.find("<think></think>") == 0     ? "direct"
            : row.response.find('=') == std::string::npos ? "brief"
                                                          : "full"];
    ++count[row.prompt.find('+') != std::string::npos ? "+" : "-"];
    EXPECT_EQ(row.prompt.size(), std::string("<|user|>603+422<|assistant|>").size());
  }
  // Four standard deviations of a binomial share.
  EXPECT_NEAR(count["direct"], 1250, 123);
  EXPECT_NEAR(count["brief"], 1250, 123);
  EXPECT_NEAR(count["full"], 2500, 142);
  EXPECT_NEAR(count["+"], 2500, 142);
}

TEST(ArithmeticTask, AShareOfTheAnswersIsShortAsAsked) {
  const auto short_answers = [](const std::vector<Row>& rows) {
    return std::ranges::count_if(rows, [](const Row& row) { return row.answer.size() < 3; });
  };
  DataConfig config = arithmetic("train", 1, 5000);
  const auto by_chance = static_cast<double>(short_answers(make_task_rows(config)));
  EXPECT_NEAR(by_chance, 535, 90);
  config.short_answers = 0.5;
  EXPECT_NEAR(static_cast<double>(short_answers(make_task_rows(config))), 2500 + by_chance / 2,
              142);
}

TEST(ArithmeticTask, MoreRowsThanExpressionsIsAnError) {
  DataConfig config = arithmetic("test", 1, 500);
  config.digits = 1;
  EXPECT_THROW(make_task_rows(config), ConfigError);
  config.num_rows = 2;
  EXPECT_EQ(make_task_rows(config).size(), 2u);
}

TEST(CalculatorShapes, OperandsHaveTheShapesOfGsm8k) {
  DataConfig config = arithmetic("train", 1, 8000);
  config.task = "calculator_shapes";
  std::map<size_t, double> digits;
  double operands = 0, round = 0;
  for (const Row& row : make_task_rows(config)) {
    const std::string text = row.prompt.substr(8, row.prompt.find("<|assistant|>") - 8);
    const size_t op = text.find_first_of("+-");
    for (const std::string& n : {text.substr(0, op), text.substr(op + 1)}) {
      ++operands;
      ++digits[n.size()];
      round += n.size() > 1 && n.back() == '0';
    }
  }
  ASSERT_EQ(digits.size(), 4u);
  // 0.18, 0.42, 0.32, 0.08 but for repeats, which take from the short ones.
  EXPECT_NEAR(digits[2] / operands, 0.42, 0.06);
  EXPECT_NEAR(digits[3] / operands, 0.32, 0.06);
  EXPECT_NEAR(digits[4] / operands, 0.08, 0.04);
  EXPECT_NEAR(round / operands, 0.82 * (0.35 + 0.65 * 0.1), 0.05);
}

}  // namespace
}  // namespace cohort
