#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

Tier tier(const char* gold, const char* answer) { return judge(gold, answer).tier; }

TEST(MathConstants, ProvenEqualExactly) {
  for (const auto& [gold, answer] : std::initializer_list<std::pair<const char*, const char*>>{
           {"\\sqrt{3+2\\sqrt2}", "1+\\sqrt2"},
           {"\\sqrt[3]{2+\\sqrt5}-\\sqrt[3]{\\sqrt5-2}", "1"},
           {"\\cos\\frac\\pi5", "\\frac{1+\\sqrt5}4"},
           {"\\cos\\frac\\pi7\\cos\\frac{2\\pi}7\\cos\\frac{3\\pi}7", "\\frac18"},
           {"\\arctan\\frac12+\\arctan\\frac13", "\\frac\\pi4"},
           {"e^{i\\pi}", "-1"},
           {"|3+4i|", "5"},
           {"\\frac1{1+2i}", "\\frac{1-2i}5"},
           {"\\sin15^\\circ", "\\frac{\\sqrt6-\\sqrt2}4"},
           {"\\lfloor\\pi\\rfloor", "3"},
           {"\\max(2,\\sqrt5)", "\\sqrt5"}}) {
    EXPECT_EQ(verdict(gold, answer), "correct") << gold << "  " << answer;
  }
}

TEST(MathConstants, NearIsNotEqual) {
  // They agree in 8, 12 and 18 digits.
  EXPECT_EQ(verdict("\\pi", "\\frac{103993}{33102}"), "different_value");
  EXPECT_EQ(verdict("e^{\\pi\\sqrt{163}}", "262537412640768744"), "different_value");
  EXPECT_EQ(verdict("\\sqrt{10^{40}+1}", "10^{20}"), "different_value");
  EXPECT_EQ(verdict("\\frac1{2^{99}}", "0"), "different_value");
}

TEST(MathConstants, TheTierSaysWhoDecided) {
  EXPECT_EQ(tier("5", "5"), Tier::structure);
  EXPECT_EQ(tier("\\frac12", "0.5"), Tier::exact);
  EXPECT_EQ(tier("\\sqrt8", "2\\sqrt2"), Tier::normal_form);
  EXPECT_EQ(tier("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2"), Tier::algebraic);
  EXPECT_EQ(tier("\\sqrt{3+2\\sqrt2}", "1+\\sqrt3"), Tier::ball);
  EXPECT_EQ(tier("\\sin x", "2\\sin\\frac x2\\cos\\frac x2"), Tier::ball);
}

TEST(MathConstants, CanonicalTextIsTheNormalForm) {
  Budget budget;
  EXPECT_EQ(canonical_text(parsed("\\sqrt8+x"), budget), "2 2^(1/2) + x");
  EXPECT_EQ(canonical_text(parsed("(x+1)^2"), budget), canonical_text(parsed("x^2+2x+1"), budget));
  EXPECT_EQ(canonical_text(parsed("(2/4, 3)"), budget), "tuple(1/2, 3)");
}

}  // namespace
}  // namespace cohort::math
