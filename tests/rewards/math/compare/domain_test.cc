// Where one side is real and the other is not, where samples lie on one side of an absolute value,
// and other pairs that look equal.
#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

struct Pair {
  const char* gold;
  const char* answer;
};

void expect_unequal(std::initializer_list<Pair> pairs) {
  for (const auto& [gold, answer] : pairs) {
    EXPECT_NE(verdict(gold, answer), "correct") << gold << "  " << answer;
    EXPECT_NE(verdict(answer, gold), "correct") << answer << "  " << gold;
  }
}

void expect_equal(std::initializer_list<Pair> pairs) {
  for (const auto& [gold, answer] : pairs) {
    EXPECT_EQ(verdict(gold, answer), "correct") << gold << "  " << answer;
    EXPECT_EQ(verdict(answer, gold), "correct") << answer << "  " << gold;
  }
}

TEST(MathDomain, PointsOnOneSideOfAnAbsoluteValueConfirmNothing) {
  expect_unequal({{"|u|\\sqrt v", "u\\sqrt v"},
                  {"\\sqrt{u^2v}", "u\\sqrt v"},
                  {"|u|+v", "u+v"},
                  {"|x+50|", "x+50"},
                  {"|x+10^9|", "x+10^9"},
                  {"|x+10^{40}|", "x+10^{40}"},
                  {"\\sqrt{(x+10^9)^2}", "x+10^9"},
                  {"\\ln((x+10^{30})^2)", "2\\ln(x+10^{30})"},
                  {"|x^2-10^{-9}|", "x^2-10^{-9}"},
                  {"\\frac{x+10^9}{|x+10^9|}", "1"},
                  {"\\max(x,-10^{30})", "x"},
                  {"\\arctan x+\\arctan\\frac1x", "\\frac\\pi2"}});
}

TEST(MathDomain, NarrowerDomainsDiffer) {
  expect_unequal({{"\\ln|x|", "\\ln x"},
                  {"\\ln|x|+C", "\\ln x+C"},
                  {"\\ln(x^2)", "2\\ln x"},
                  {"\\sqrt{x^2}", "(\\sqrt x)^2"},
                  {"|x|", "e^{\\ln x}"},
                  {"\\sqrt[4]{x^2}", "\\sqrt x"}});
}

TEST(MathDomain, WhatCancelsMustHaveAValue) {
  expect_unequal({{"x", "x+\\ln(-1-x^2)-\\ln(-1-x^2)"},
                  {"y=x", "y=x+\\ln(-1-x^2)-\\ln(-1-x^2)"},
                  {"5", "5+0\\ln(-1-x^2)"},
                  {"x+2", "x+1+\\frac{\\sqrt{-1-x^2}}{\\sqrt{-1-x^2}}"}});
}

TEST(MathDomain, FactorsUnderRootsOfBothSidesArePositive) {
  expect_equal({{"\\sqrt{ab}", "\\sqrt a\\sqrt b"},
                {"\\ln(xy)", "\\ln x+\\ln y"},
                {"\\sqrt{\\frac ab}", "\\frac{\\sqrt a}{\\sqrt b}"},
                {"\\sqrt{x^3}", "x\\sqrt x"},
                {"\\sqrt{8x}", "2\\sqrt{2x}"},
                {"\\log_2x", "\\frac{\\ln x}{\\ln2}"}});
}

TEST(MathDomain, RootsOfSquaresAreAbsoluteValues) {
  expect_equal({{"\\sqrt{x^2+2x+1}", "|x+1|"},
                {"\\sqrt{x^2-2xy+y^2}", "|y-x|"},
                {"\\ln|x|", "\\frac12\\ln(x^2)"}});
  expect_unequal({{"\\sqrt{x^2+2x+1}", "x+1"}, {"\\sqrt{x^2+2x+2}", "|x+1|"}});
}

TEST(MathDomain, FiniteDecimalsAreExact) {
  expect_unequal({{"4.123105625617661", "4.123105625617662"}, {"2.0", "1.9999999"}});
  EXPECT_EQ(verdict("0.5", "0.5000001"), "different_value");
  EXPECT_EQ(verdict("2.0", "\\frac{19999999}{10000000}"), "different_value");
  expect_equal({{"1.4142135623730951", "\\sqrt2"},
                {"0.6666666666666666", "\\frac23"},
                {"0.6666666666666667", "\\frac23"}});
  EXPECT_EQ(verdict("1.41421356237311", "\\sqrt2"), "different_value");
}

TEST(MathDomain, SetsPairsAndClasses) {
  expect_unequal({{"(1,2)", "x=1,x=2"},
                  {"\\emptyset", "\\{\\emptyset\\}"},
                  {"\\{\\{1\\},\\{2\\}\\}", "\\{1,2\\}"},
                  {"\\{1\\}", "\\{\\{1\\}\\}"},
                  {"(0,\\infty)", "(0,\\infty]"},
                  {"(-\\infty,0)\\cup(1,\\infty)", "[-\\infty,0)\\cup(1,\\infty)"},
                  {"32^\\circ", "32\\text{ rad}"}});
  EXPECT_NE(verdict("5", "x\\equiv5\\pmod7"), "correct");
  EXPECT_NE(verdict("-2", "\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}"), "correct");
  expect_equal({{"1,2", "x=1,x=2"},
                {"\\{\\{1\\},\\{2\\}\\}", "\\{\\{2\\},\\{1\\}\\}"},
                {"180^\\circ", "\\pi\\text{ rad}"}});
}

TEST(MathDomain, TheSameInOtherNames) {
  expect_equal({{"\\binom nk", "\\frac{n!}{k!(n-k)!}"},
                {"\\binom nk", "\\binom n{n-k}"},
                {"\\binom nk+\\binom n{k-1}", "\\binom{n+1}k"},
                {"f(x)=2x+3", "y=2x+3"},
                {"f(t)=t^2", "f(x)=x^2"},
                {"x_1=1, x_2=4", "x=1\\text{ or }x=4"},
                {"a=b=c", "c=b=a"},
                {"(0,\\infty)", "\\mathbb{R}^+"},
                {"\\text{red and blue}", "\\text{blue, red}"}});
  expect_unequal({{"f(t)=2t", "f(x)=x+t"},
                  {"f(t)=t^2", "g(x)=x^2"},
                  {"x_1=1, x_2=4", "x=1\\text{ or }x=3"},
                  {"\\binom nk", "\\binom n{k+1}"},
                  {"\\text{red and blue}", "\\text{blue and green}"}});
}

}  // namespace
}  // namespace cohort::math
