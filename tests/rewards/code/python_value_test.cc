#include "rewards/code/python_value.h"

#include <gtest/gtest.h>

#include <limits>

#include "rewards/code/python_literal.h"

namespace cohort::judge {
namespace {

bool equal(std::string_view a, std::string_view b, const ValueRules& rules = {}) {
  const std::optional<Value> x = parse_literal(a), y = parse_literal(b);
  EXPECT_TRUE(x && y) << a << " " << b;
  return equal_values(*x, *y, rules);
}

TEST(PythonValue, EqualityIsPythonsOnExactTypes) {
  for (const char* text :
       {"None", "True", "0", "-5", "1.5", "'a'", "b'a'", "[1, [2]]", "(1,)", "{1, 2}", "{'a': {2}}",
        "123456789012345678901234567890", "1e999", "set()", "''"})
    EXPECT_TRUE(equal(text, text)) << text;
  EXPECT_TRUE(equal("1", "1.0"));
  EXPECT_TRUE(equal("[0.0]", "[-0.0]"));
  EXPECT_TRUE(equal("{1, 2}", "{2.0, 1}"));
  EXPECT_TRUE(equal("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"));
  const std::pair<const char*, const char*> different[] = {
      {"True", "1"},     {"False", "0"},       {"None", "0"},        {"None", "False"},
      {"[1]", "(1,)"},   {"[]", "()"},         {"set()", "{}"},      {"'1'", "1"},
      {"'a'", "b'a'"},   {"'a'", "'A'"},       {"[1, 2]", "[1]"},    {"[1, 2]", "[2, 1]"},
      {"{1}", "{1, 2}"}, {"{1: 2}", "{1: 3}"}, {"{1: 2}", "{2: 2}"}, {"1", "-1"},
      {"'a '", "'a'"},   {"0.1", "0.1000001"}};
  for (const auto& [a, b] : different) {
    EXPECT_FALSE(equal(a, b)) << a << " " << b;
    EXPECT_FALSE(equal(b, a)) << a << " " << b;
  }
}

TEST(PythonValue, NanEqualsNothing) {
  const ValueRules loose{.tolerance = {.absolute = 1e9, .relative = 1}};
  for (const char* text : {"float('nan')", "[float('nan')]", "{float('nan')}", "{1: float('nan')}"})
    EXPECT_FALSE(equal(text, text, loose)) << text;
  EXPECT_FALSE(equal("1.0", "float('nan')", loose));
  EXPECT_FALSE(equal("1.0", "1e999", loose));
  EXPECT_FALSE(equal("1e999", "1.0", loose));
  EXPECT_FALSE(equal("1e999", "-1e999", loose));
  EXPECT_TRUE(equal("1e999", "1e999", loose));
}

TEST(PythonValue, IntegersAreNeverRounded) {
  EXPECT_FALSE(equal("9007199254740993", "9007199254740992.0"));
  EXPECT_TRUE(equal("9007199254740992", "9007199254740992.0"));
  EXPECT_FALSE(equal("10000000000000000000000000000001", "1e31"));
  EXPECT_FALSE(equal("-10000000000000000000000000000001", "-1e31"));
  EXPECT_FALSE(equal("1", "1.0000000000000002"));
  EXPECT_FALSE(equal("-1", "-1.0000000000000002"));
  const ValueRules loose{.tolerance = {.absolute = 1}};
  EXPECT_FALSE(equal("1", "2", loose)) << "two integers have no tolerance";
  EXPECT_TRUE(equal("1.0", "2", loose));
}

TEST(PythonValue, ToleranceReachesFloatsInContainersButNotKeys) {
  const ValueRules rules{.tolerance = {.absolute = 1e-6}};
  EXPECT_TRUE(equal("[1.0, (2.0, {'a': 3.0})]", "[1.0000001, (2.0, {'a': 2.9999999})]", rules));
  EXPECT_FALSE(equal("[1.0]", "[1.00001]", rules));
  EXPECT_FALSE(equal("{1.0}", "{1.0000001}", rules));
  EXPECT_FALSE(equal("{1.0: 2}", "{1.0000001: 2}", rules));
  EXPECT_FALSE(equal("True", "1.0", rules));
  EXPECT_TRUE(equal("200.0", "200.1", {.tolerance = {.relative = 1e-3}}));
  EXPECT_FALSE(equal("200.0", "200.3", {.tolerance = {.relative = 1e-3}}));
}

TEST(PythonValue, TuplesCountAsListsOnlyWhereTheTestIsJson) {
  const ValueRules json{.tuples_are_lists = true};
  EXPECT_TRUE(equal("[1, [2]]", "(1, (2,))", json));
  EXPECT_FALSE(equal("(1,)", "[1]", json));
  EXPECT_FALSE(equal("[1]", "{1}", json));
}

TEST(PythonValue, TruthIsPythons) {
  for (const char* text :
       {"None", "False", "0", "0.0", "-0.0", "''", "b''", "[]", "()", "set()", "{}"})
    EXPECT_FALSE(truthy(*parse_literal(text))) << text;
  for (const char* text :
       {"True", "-1", "0.1", "'0'", "[0]", "(None,)", "{0}", "{0: 0}", "float('nan')"})
    EXPECT_TRUE(truthy(*parse_literal(text))) << text;
}

TEST(PythonValue, OrderIsTotal) {
  const char* const values[] = {"None",
                                "False",
                                "True",
                                "-1e999",
                                "-5",
                                "-4.5",
                                "0",
                                "0.5",
                                "1",
                                "1.5",
                                "2",
                                "1e30",
                                "1000000000000000019884624838657",
                                "1e999",
                                "float('nan')",
                                "''",
                                "'a'",
                                "'b'",
                                "b'a'",
                                "[]",
                                "[1]",
                                "[1, 0]",
                                "[2]",
                                "()",
                                "(0,)"};
  for (size_t i = 0; i < std::size(values); ++i)
    for (size_t j = 0; j < std::size(values); ++j) {
      const int sign = order(*parse_literal(values[i]), *parse_literal(values[j]));
      EXPECT_EQ(sign, i < j ? -1 : i > j ? 1 : 0) << values[i] << " " << values[j];
    }
}

}  // namespace
}  // namespace cohort::judge
