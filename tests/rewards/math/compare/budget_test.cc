#include <chrono>

#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

double milliseconds(const char* gold, const char* answer) {
  const auto start = std::chrono::steady_clock::now();
  verdict(gold, answer);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

constexpr const char* kHuge[] = {"9^{9^{9^9}}",
                                 "2003^{2002^{2001}}",
                                 "(10^9)!",
                                 "\\binom{10^9}{5\\cdot10^8}",
                                 "(x+y+z+w)^{200}",
                                 "\\sum_{k=1}^{10^9}k",
                                 "((((2^{99})!)!)!)!",
                                 "10^{10^{10}}",
                                 "\\prod_{k=1}^{1000}(x+k)",
                                 "(1+\\sqrt2+\\sqrt3+\\sqrt5)^{120}",
                                 "\\sqrt2+\\sqrt3+\\sqrt5+\\sqrt7+\\sqrt{11}+\\sqrt{13}+\\sqrt{17}"
                                 "+\\sqrt{19}+\\sqrt{23}+\\sqrt{29}+\\sqrt{31}+\\sqrt{37}",
                                 "\\sin(\\cos(\\tan(\\sin(\\cos(\\tan(10^{100}))))))",
                                 "\\sqrt{1+\\sqrt{2+\\sqrt{3+\\sqrt{4}}}}"};

TEST(MathBudget, NothingHugeIsComputed) {
  for (const char* gold : kHuge) {
    for (const char* answer : {"5", "x", "\\sqrt2", "9^{9^{9^8}}", "(10^9+1)!"}) {
      EXPECT_NE(verdict(gold, answer), "correct") << gold << "  " << answer;
      EXPECT_LT(milliseconds(gold, answer), 200) << gold << "  " << answer;  // a busy machine
    }
  }
}

TEST(MathBudget, WhatIsHugeEqualsItself) {
  for (const char* gold : kHuge) EXPECT_EQ(verdict(gold, gold), "correct") << gold;
}

TEST(MathBudget, HugeNumbersAreToldApart) {
  EXPECT_EQ(verdict("(10^9)!", "(10^9+1)!"), "different_value");
  EXPECT_EQ(verdict("\\frac1{2004!}", "\\frac1{2006!}"), "different_value");
  EXPECT_EQ(verdict("2^{100000}", "2^{100001}"), "different_value");
  EXPECT_EQ(verdict("\\binom{10^9}{5\\cdot10^8}", "\\binom{10^9}{5\\cdot10^8+1}"),
            "different_value");
}

TEST(MathBudget, StepsAreTheSameEveryTime) {
  const Expr gold = parsed("\\frac{1-\\cos x}{\\sin x}"), answer = parsed("\\tan\\frac x2");
  Budget first, second;
  compare(gold, answer, first);
  compare(gold, answer, second);
  EXPECT_EQ(first.steps(), second.steps());
  BudgetLimits limits;
  limits.steps = first.steps() - 1;
  Budget third(limits);
  EXPECT_THROW(compare(gold, answer, third), BudgetExhausted);
}

TEST(MathBudget, LongListsAreMatchedWithinIt) {
  std::string gold = "0", answer = "60";
  for (int i = 1; i <= 60; ++i) {
    gold += ", " + std::to_string(i);
    answer += ", " + std::to_string(60 - i);
  }
  EXPECT_EQ(verdict(gold, answer), "correct");
  EXPECT_EQ(verdict(gold, answer + ", 61"), "different_count");
}

}  // namespace
}  // namespace cohort::math
