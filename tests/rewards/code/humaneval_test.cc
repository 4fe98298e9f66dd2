#include "rewards/code/humaneval.h"

#include <gtest/gtest.h>

#include "rewards/code/python_literal.h"

namespace cohort::judge {
namespace {

using Form = Expected::Form;

ConvertedAsserts convert(const std::string& body) {
  return convert_asserts("def check(candidate):\n" + body, "f");
}

// "(1, 2) -> 3" for each test.
std::string shown(const std::string& body) {
  const ConvertedAsserts converted = convert(body);
  if (!converted.plain()) return "not plain: " + converted.not_plain;
  std::string text;
  for (const CallTest& test : converted.tests) {
    if (!text.empty()) text += "; ";
    text += test.arguments + " -> ";
    switch (test.expected.form) {
      case Form::equal:
        text += to_literal(test.expected.value);
        break;
      case Form::sequence:
        text += "sequence " + to_literal(test.expected.value);
        break;
      case Form::truthy:
        text += "truthy";
        break;
      case Form::falsy:
        text += "falsy";
        break;
      case Form::any:
        text += "any";
        break;
    }
  }
  return text;
}

TEST(HumanEval, ConvertsPlainAsserts) {
  EXPECT_EQ(shown("  assert candidate(1, 'a') == [2]\n"), "(1, 'a') -> [2]");
  EXPECT_EQ(shown("  assert 3 == candidate()\n"), "() -> 3");
  EXPECT_EQ(shown("  assert candidate([\n1,\n 2]) == (3,) , 'message' + str(candidate(1))\n"),
            "([1, 2],) -> (3,)");
  EXPECT_EQ(shown("  assert (candidate('x') == True), 't'  # c\n"), "('x',) -> True");
  EXPECT_EQ(shown("  assert candidate(1) is True\n  assert candidate(2) is None\n"),
            "(1,) -> True; (2,) -> None");
  EXPECT_EQ(shown("  assert candidate(1)\n  assert not candidate(2)\n"),
            "(1,) -> truthy; (2,) -> falsy");
  EXPECT_EQ(shown("  assert f(1) == 2\n"), "(1,) -> 2");
  EXPECT_EQ(shown("  assert tuple(candidate(1)) == tuple([2, 3])\n"), "(1,) -> sequence (2, 3)");
  EXPECT_EQ(shown("  assert list(candidate(1)) == [2]\n"), "(1,) -> sequence [2]");
  EXPECT_EQ(shown("  assert tuple(candidate([1])) == tuple(f([1]))\n"), "([1],) -> any");
  EXPECT_EQ(shown("  assert candidate({'b': 1, 'a': 2}) == {}\n"), "({'b': 1, 'a': 2},) -> {}");
}

TEST(HumanEval, FoldsConstants) {
  EXPECT_EQ(shown("  assert candidate(-2**2, 2 ** 10) == 7 // -2\n"), "(-4, 1024) -> -4");
  EXPECT_EQ(shown("  assert candidate('a' * 3 + \"b\") == [0] * 2 + [1]\n"),
            "('aaab',) -> [0, 0, 1]");
  EXPECT_EQ(shown("  assert candidate(2.0/3.0, 6 / 4) == -7 % 3\n"),
            "(0.6666666666666666, 1.5) -> 2");
  EXPECT_EQ(shown("  assert candidate(list(range(3))) == [i**2 for i in range(5) if i % 2 != 0 and "
                  "i > 0]\n"),
            "([0, 1, 2],) -> [1, 9]");
  EXPECT_EQ(shown("  xs = [1, 2]\n  n = sum([x for x in xs]) + len(xs)\n  assert candidate(xs, n) "
                  "== str(n)\n"),
            "([1, 2], 5) -> '5'");
  EXPECT_EQ(shown("  for x in range(2, 4):\n    assert candidate(x, x + 1) == str(x)\n"),
            "(2, 3) -> '2'; (3, 4) -> '3'");
  EXPECT_EQ(shown("  assert True, 'm'\n  assert 1 + 1 == 2\n  print\n  pass\n  'doc'\n  assert "
                  "candidate(1) == 1\n"),
            "(1,) -> 1");
}

TEST(HumanEval, ReadsATolerance) {
  const ConvertedAsserts converted = convert(
      "  assert abs(candidate(1.33) - 0.33) < 1e-6\n  assert math.fabs(2 - candidate()) <= 0.5\n");
  ASSERT_EQ(converted.tests.size(), 2u) << converted.not_plain;
  EXPECT_TRUE(meets(converted.tests[0].expected, "0.3300001"));
  EXPECT_FALSE(meets(converted.tests[0].expected, "0.330002"));
  EXPECT_FALSE(meets(converted.tests[0].expected, "float(\"nan\")"));
  EXPECT_FALSE(meets(converted.tests[0].expected, "None"));
  EXPECT_TRUE(meets(converted.tests[1].expected, "2.5"));
  EXPECT_FALSE(meets(converted.tests[1].expected, "2.6"));
  EXPECT_TRUE(meets(converted.tests[1].expected, "2"));
}

TEST(HumanEval, NamesWhatIsNotPlain) {
  for (const char* body : {"  x = random.random()\n  assert candidate(x) == x\n",
                           "  assert candidate(1) != 2\n",
                           "  assert candidate(1) == other(1)\n",
                           "  assert candidate(1) == 1 or True\n",
                           "  assert candidate(1)[0] == 1\n",
                           "  assert candidate(1) == candidate(2)\n",
                           "  assert candidate(1) > 0\n",
                           "  assert candidate(x=1) == 1\n",
                           "  assert candidate(*[1]) == 1\n",
                           "  assert abs(candidate(1) - 2) > 1\n",
                           "  assert abs(candidate(1) - 2) < 0\n",
                           "  assert candidate(f'a') == 1\n",
                           "  assert False\n",
                           "  assert candidate(1) is 1\n",
                           "  pass\n",
                           "  if True:\n    assert candidate(1) == 1\n",
                           "  while True:\n    pass\n",
                           "  candidate = 1\n  assert candidate(1) == 1\n",
                           "  try:\n    assert candidate(1) == 1\n  except E:\n    pass\n",
                           "  abs = 1\n  assert abs(candidate(1) - 1) < 1\n",
                           "  import os; assert candidate(1) == 1\n  return\n",
                           "  assert candidate(1) == 9**99\n",
                           "  assert tuple(candidate(1)) == [1]\n",
                           "  assert candidate(1) == [[0] * 9999] * 9999\n",
                           "  for i in range(10**9):\n    assert candidate(i) == i\n",
                           "  assert set(candidate(1)) == {1}\n"})
    EXPECT_FALSE(convert(body).plain()) << body;
  EXPECT_FALSE(convert_asserts("", "f").plain());
  EXPECT_FALSE(convert_asserts("assert f(1) == 1\n", "f").plain()) << "outside of check()";
  EXPECT_FALSE(
      convert_asserts("def check(candidate, x):\n  assert candidate(1) == 1\n", "f").plain());
  EXPECT_FALSE(convert_asserts("x = (1", "f").plain());
}

TEST(HumanEval, ReadsWhatStandsAroundTheFunction) {
  const std::string source =
      "\n\nMETADATA = {\n    'author': 'jt',\n}\nimport math\n\ndef check(candidate):\n    assert "
      "candidate(1) == 1\n\ncheck(f)\n";
  const ConvertedAsserts converted = convert_asserts(source, "f");
  EXPECT_EQ(converted.tests.size(), 1u) << converted.not_plain;
}

TEST(HumanEval, StopsAtItsBounds) {
  const std::string deep(5'000, '(');
  EXPECT_FALSE(convert("  assert candidate(" + deep + ") == 1\n").plain());
  EXPECT_FALSE(convert("  assert " + std::string(5'000, '-') + "1 == candidate()\n").plain());
  EXPECT_FALSE(convert("  for a in range(9999):\n    for b in range(9999):\n      pass\n").plain());
  std::string sum = "0", calls = "candidate";
  for (int i = 0; i < 200'000; ++i) {
    sum += "+1";
    calls += "()";
  }
  EXPECT_FALSE(convert("  assert candidate() == " + sum + "\n").plain());
  EXPECT_FALSE(convert("  assert " + calls + "\n").plain());
  std::string nots;
  for (int i = 0; i < 5'000; ++i) nots += "not ";
  EXPECT_FALSE(convert("  assert " + nots + "candidate()\n").plain());
}

TEST(Expected, MeetsByForm) {
  const Expected sequence{.form = Form::sequence, .value = *parse_literal("(1, 2)")};
  EXPECT_TRUE(meets(sequence, "[1, 2]"));
  EXPECT_TRUE(meets(sequence, "(1, 2)"));
  EXPECT_FALSE(meets(sequence, "{1, 2}"));
  EXPECT_FALSE(meets(sequence, "[2, 1]"));
  EXPECT_FALSE(meets(sequence, "None"));
  EXPECT_TRUE(meets({.form = Form::truthy}, "[0]"));
  EXPECT_FALSE(meets({.form = Form::truthy}, "None"));
  EXPECT_TRUE(meets({.form = Form::falsy}, "None"));
  EXPECT_FALSE(meets({.form = Form::any}, "no literal"));
}

TEST(Expected, RefusesWhatIsNoLiteralOrFarTooLarge) {
  const Expected one{.value = *parse_literal("[1]")};
  EXPECT_TRUE(meets(one, "[1]"));
  for (const char* text : {"", "[1", "[1] ", "[1][1]", "[1];", "Evil()", "[1]\nNone"})
    EXPECT_EQ(meets(one, text), std::string_view(text) == "[1] ") << text;
  std::string large = "[";
  while (large.size() < 4 << 20) large += "1,";
  EXPECT_FALSE(meets(one, large + "]"));
}

}  // namespace
}  // namespace cohort::judge
