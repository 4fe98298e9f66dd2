#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

struct Pair {
  const char* gold;
  const char* answer;
};

void expect_equal(std::initializer_list<Pair> pairs) {
  for (const auto& [gold, answer] : pairs) {
    EXPECT_EQ(verdict(gold, answer), "correct") << gold << "  " << answer;
    EXPECT_EQ(verdict(answer, gold), "correct") << answer << "  " << gold;
  }
}

void expect_different(std::initializer_list<Pair> pairs) {
  for (const auto& [gold, answer] : pairs) {
    EXPECT_EQ(verdict(gold, answer), "different_value") << gold << "  " << answer;
    EXPECT_EQ(verdict(answer, gold), "different_value") << answer << "  " << gold;
  }
}

TEST(MathIdentities, Polynomials) {
  expect_equal({{"(a+b)^3", "a^3+3a^2b+3ab^2+b^3"},
                {"x^2-4", "(x-2)(x+2)"},
                {"(x+1)^{100}", "(1+x)^{99}(x+1)"},
                {"(x+y+z+w)^{200}", "(w+z+y+x)^{200}"}});
  expect_different({{"(a+b)^3", "a^3+b^3"}, {"x^2-4", "(x-2)^2"}, {"2x+3t", "2x+3"}});
}

TEST(MathIdentities, RationalFunctions) {
  expect_equal({{"\\frac{1}{x}-\\frac{1}{x+1}", "\\frac{1}{x(x+1)}"},
                {"\\frac{x^3-1}{x-1}", "x^2+x+1"},
                {"\\frac{a+b}{c}", "\\frac ac+\\frac bc"},
                {"\\frac{1}{1+\\frac{1}{x}}", "\\frac{x}{x+1}"},
                {"\\frac{x}{1-x}", "-\\frac{x}{x-1}"}});
  expect_different({{"\\frac{1}{x+y}", "\\frac1x+\\frac1y"}, {"\\frac{x}{1-x}", "\\frac{x}{x-1}"}});
}

TEST(MathIdentities, Radicals) {
  expect_equal({{"\\sqrt{50}", "5\\sqrt2"},
                {"\\sqrt2\\sqrt3", "\\sqrt6"},
                {"\\frac{1}{\\sqrt2+\\sqrt3+\\sqrt5}", "\\frac{2\\sqrt3+3\\sqrt2-\\sqrt{30}}{12}"},
                {"\\sqrt[3]{16}", "2\\sqrt[3]{2}"},
                {"\\sqrt2\\cdot\\sqrt[3]{2}", "2^{5/6}"},
                {"\\frac{1}{3\\sqrt[3]{x}^2}", "\\frac{1}{3x^{2/3}}"},
                {"\\sqrt{12x^2y}", "2|x|\\sqrt{3y}"},
                {"\\sqrt{(x-100)^2}", "|100-x|"},
                {"\\sqrt{x^2+2x+1}", "|x+1|"}});
  expect_different({{"\\sqrt{2}+\\sqrt{5}", "\\sqrt{2}+\\sqrt{6}"},
                    {"\\sqrt{(x-100)^2}", "100-x"},
                    {"\\sqrt{x^2+2x+1}", "x+1"},
                    {"\\sqrt{x+y}", "\\sqrt x+\\sqrt y"},
                    {"1\\sqrt{19}", "1"}});
}

TEST(MathIdentities, Trigonometry) {
  expect_equal({{"\\sin(a+b)-\\sin(a-b)", "2\\sin b\\cos a"},
                {"\\sin 3x", "3\\sin x-4\\sin^3 x"},
                {"\\tan^2x+1", "\\sec^2x"},
                {"\\cos^4x-\\sin^4x", "\\cos 2x"},
                {"\\sin(x+\\frac{\\pi}{2})", "\\cos x"},
                {"\\sin x", "2\\sin\\frac x2\\cos\\frac x2"},
                {"\\frac{\\sin 2x}{1+\\cos 2x}", "\\tan x"}});
  expect_different({{"2\\sin b\\cos a", "\\sin b\\cos a"}, {"\\sin 2x", "2\\sin x"}});
}

TEST(MathIdentities, ExponentialsAndLogarithms) {
  expect_equal({{"4^n", "2^{2n}"},
                {"6^n", "2^n3^n"},
                {"\\frac{2^{n+2}}{2^n}", "4"},
                {"e^xe^y", "e^{x+y}"},
                {"\\frac{e^x+e^{-x}}{2}", "\\cosh x"},
                {"\\ln\\frac ab", "\\ln a-\\ln b"},
                {"\\ln(2x+2)", "\\ln2+\\ln(x+1)"},
                {"\\ln(x^2)", "2\\ln|x|"},
                {"2^{\\log_2 3}", "3"},
                {"\\frac{\\log 8}{\\log 2}", "3"},
                {"(-2)^{n+1}", "-2(-2)^n"}});
  expect_different(
      {{"\\ln(a+b)", "\\ln a+\\ln b"}, {"2^{n+1}", "2^n+1"}, {"\\ln 2", "\\log_{10}2"}});
}

TEST(MathIdentities, FactorialsAndBinomials) {
  expect_equal({{"\\frac{(n+2)!}{n!}", "(n+1)(n+2)"}, {"\\binom n2", "\\frac{n(n-1)}2"}});
}

TEST(MathIdentities, SumsHaveAnyIndex) {
  expect_equal(
      {{"\\sum_{k=1}^{n}k^2", "\\sum_{j=1}^{n}j^2"}, {"\\int_0^1x\\,dx", "\\int_0^1t\\,dt"}});
  EXPECT_NE(verdict("\\sum_{k=1}^{n}k^2", "\\sum_{k=1}^{n}k^3"), "correct");
}

TEST(MathIdentities, PointsOfEverySizeAreTried) {
  // They agree wherever x is small.
  EXPECT_EQ(verdict("|x-1000|", "1000-x"), "different_value");
  EXPECT_EQ(verdict("\\sqrt{(x-10^9)^2}", "10^9-x"), "different_value");
  EXPECT_NE(verdict("\\lfloor x/100\\rfloor", "0"), "correct");
}

}  // namespace
}  // namespace cohort::math
