#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

Expr number(const char* text) { return {Kind::number, text}; }
Expr symbol(const char* text) { return {Kind::symbol, text}; }

std::string reason(const Expr& gold, const Expr& answer) {
  Budget budget;
  const Comparison result = compare(gold, answer, budget);
  EXPECT_EQ(result.equal, result.reason == Reason::ok);
  return reason_name(result.reason);
}

TEST(MathKinds, PairsWithoutARuleAreOfDifferentKinds) {
  const std::vector<Expr> values = {
      number("2"),
      {Kind::words, "east"},
      {Kind::empty_set},
      {Kind::number_set, "Z"},
      {Kind::time, "02:00"},
      {Kind::interval, "[]", {number("0"), number("2")}},
      {Kind::matrix, "(", {number("2"), number("1"), number("0"), number("2")}, 2},
      {Kind::relation, "<", {symbol("x"), number("2")}},
      {Kind::ratio, "", {number("1"), number("2"), number("3")}},
  };
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < values.size(); ++j) {
      if (i == j) {
        EXPECT_EQ(reason(values[i], values[j]), "ok");
      } else {
        EXPECT_NE(reason(values[i], values[j]), "ok") << to_text(values[i]) << to_text(values[j]);
      }
    }
  }
}

TEST(MathKinds, ToleranceIsMatchedNotSorted) {
  // Greedy matching would give 0.333333 to the wrong one.
  EXPECT_EQ(verdict("0.333333, \\frac13", "\\frac13, 0.333333"), "correct");
}

TEST(MathKinds, SignsThatGoTogether) {
  EXPECT_EQ(verdict("(\\pm1,\\mp1)", "(1,-1),(-1,1)"), "correct");
  EXPECT_EQ(verdict("(\\pm1,\\mp1)", "(1,1),(-1,-1)"), "different_value");
  EXPECT_EQ(verdict("x=\\frac12, x=\\frac{-1\\pm\\sqrt{13}}4",
                    "\\frac12,\\frac{-1-\\sqrt{13}}4,\\frac{\\sqrt{13}-1}4"),
            "correct");
}

TEST(MathKinds, SolutionsOfSystems) {
  EXPECT_EQ(verdict("(x,y)=(1,2)", "y=2, x=1"), "correct");
  EXPECT_EQ(verdict("x=1,y=2", "(1,2)"), "correct");
  EXPECT_EQ(verdict("x=1,y=2", "(2,1)"), "different_order");
  EXPECT_EQ(verdict("(1,2)", "x=2,y=1"), "different_order");
  EXPECT_EQ(verdict("p=5,q=2;p=7,q=2", "q=2,p=7;p=5,q=2"), "correct");
  EXPECT_EQ(verdict("p=5,q=2;p=7,q=2", "(5,2),(7,3)"), "different_value");
  EXPECT_EQ(verdict("k=45,n=2", "n=2"), "different_count");
}

TEST(MathKinds, InequalitiesOfExpressions) {
  EXPECT_EQ(verdict("f(2)<f(1)<f(4)", "f(4)>f(1)>f(2)"), "correct");
  EXPECT_NE(verdict("f(2)<f(1)<f(4)", "f(2)<f(3)<f(4)"), "correct");
  EXPECT_EQ(verdict("2x+3y>6", "-2x-3y<-6"), "correct");
  EXPECT_EQ(verdict("2x+3y>6", "4x+6y<12"), "different_value");
}

TEST(MathKinds, SetsWithSymbolicEnds) {
  EXPECT_EQ(verdict("[a,b+1)", "[a,1+b)"), "correct");
  EXPECT_EQ(verdict("(-\\infty,a)\\cup(b,\\infty)", "(b,\\infty)\\cup(-\\infty,a)"), "correct");
  EXPECT_NE(verdict("[a,b)", "[b,a)"), "correct");
}

TEST(MathKinds, ConjunctionsAndAlternatives) {
  EXPECT_EQ(verdict("x<1\\text{ or }x>3", "(-\\infty,1)\\cup(3,\\infty)"), "correct");
  EXPECT_EQ(verdict("x<1\\text{ or }x>3", "x>3\\text{ or }x<1"), "correct");
  EXPECT_EQ(verdict("x=1\\text{ or }x=2", "1, 2"), "correct");
  EXPECT_EQ(verdict("3", "x=3\\text{ or }x=2"), "several_answers");
}

TEST(MathKinds, MatricesEntryByEntry) {
  EXPECT_EQ(verdict("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
                    "\\frac12\\begin{bmatrix}2&4\\\\6&8\\end{bmatrix}"),
            "correct");
  EXPECT_EQ(verdict("\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}", "-2"), "correct");
  EXPECT_EQ(verdict("\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"),
            "different_count");
}

TEST(MathKinds, RatiosOfNothingEqualNone) {
  EXPECT_EQ(verdict("1:2", "0:0"), "different_value");
  EXPECT_EQ(verdict("0:1:2", "0:5:7"), "different_value");
  EXPECT_EQ(verdict("0:1:2", "0:5:10"), "correct");
}

}  // namespace
}  // namespace cohort::math
