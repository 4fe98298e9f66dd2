#include "rewards/code/python_literal.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cohort::judge {
namespace {

using Kind = Value::Kind;

// The literal, written again.
std::string again(std::string_view text) {
  const std::optional<Value> value = parse_literal(text);
  return value ? to_literal(*value) : "nothing";
}

TEST(PythonLiteral, ReadsEveryPlainKind) {
  EXPECT_EQ(again(" None\n"), "None");
  EXPECT_EQ(again("[True, False,]"), "[True, False]");
  EXPECT_EQ(again("()"), "()");
  EXPECT_EQ(again("(1,)"), "(1,)");
  EXPECT_EQ(again("(1)"), "1");
  EXPECT_EQ(again("((1), (2,))"), "(1, (2,))");
  EXPECT_EQ(again("1, 2"), "(1, 2)");
  EXPECT_EQ(again("{}"), "{}");
  EXPECT_EQ(again("set()"), "set()");
  EXPECT_EQ(again("{3, 1, 2, 1}"), "{1, 2, 3}");
  EXPECT_EQ(again("{'b': 1, 'a': [2]}"), "{'b': 1, 'a': [2]}") << "a dict keeps its order";
  EXPECT_EQ(again("{'b': 1, 'a': 2, 'b': 3}"), "{'b': 3, 'a': 2}");
  EXPECT_EQ(again("{1: 'x', 1.0: 'y'}"), "{1: 'y'}");
  EXPECT_EQ(again("b'\\x00a'"), "b'\\x00a'");
}

TEST(PythonLiteral, ReadsNumbersExactly) {
  EXPECT_EQ(again("-0"), "0");
  EXPECT_EQ(again("+7"), "7");
  EXPECT_EQ(again("1_000"), "1000");
  EXPECT_EQ(again("000"), "0");
  EXPECT_EQ(again("0xFf"), "255");
  EXPECT_EQ(again("0b101"), "5");
  EXPECT_EQ(again("0o17"), "15");
  EXPECT_EQ(again("-123456789012345678901234567890"), "-123456789012345678901234567890");
  EXPECT_EQ(again(".5"), "0.5");
  EXPECT_EQ(again("5."), "5.0");
  EXPECT_EQ(again("1e3"), "1000.0");
  EXPECT_EQ(again("1E+2"), "100.0");
  EXPECT_EQ(again("0.1"), "0.1");
  EXPECT_EQ(again("1e999"), "float(\"inf\")");
  EXPECT_EQ(again("-1e999"), "float(\"-inf\")");
  EXPECT_EQ(again("1e-999"), "0.0");
  EXPECT_EQ(again("0e999"), "0.0");
  EXPECT_EQ(again("0.00001e400"), "float(\"inf\")");
  EXPECT_EQ(again("1e99999999999999999999"), "float(\"inf\")");
  EXPECT_EQ(again("1e-99999999999999999999"), "0.0");
  EXPECT_EQ(again("float('nan')"), "float(\"nan\")");
  EXPECT_EQ(again("-float(\"inf\")"), "float(\"-inf\")");
}

TEST(PythonLiteral, ReadsStringsWithTheirEscapes) {
  const auto text = [](std::string_view literal) {
    const std::optional<Value> value = parse_literal(literal);
    return value ? value->text : "nothing";
  };
  EXPECT_EQ(text(R"('a\'b')"), "a'b");
  EXPECT_EQ(text(R"("\x41\u00e9\U0001F600\101\n\t\\")"),
            "A\xC3\xA9\xF0\x9F\x98\x80"
            "A\n\t\\");
  EXPECT_EQ(text(R"('\q')"), "\\q");
  EXPECT_EQ(text(R"(r'\n')"), "\\n");
  EXPECT_EQ(text("'a' \"b\""), "ab");
  EXPECT_EQ(text("'''a\n'b'''"), "a\n'b");
  EXPECT_EQ(text("'a\\\nb'"), "ab");
  // A pair of escaped surrogates is two characters in Python, not one.
  EXPECT_NE(text(R"('\ud83d\ude00')"), text(R"('\U0001F600')"));
  EXPECT_EQ(again(R"('\ud83d')"), R"('\ud83d')");
  EXPECT_EQ(again("'\xC3\xA9\x01~'"), R"('\xe9\x01~')");
}

TEST(PythonLiteral, RefusesWhatIsNoLiteral) {
  for (const char* text : {"",
                           " ",
                           "x",
                           "f()",
                           "1 2",
                           "[1",
                           "[1 2]",
                           "(1",
                           "{1: 2, 3}",
                           "{1, 2: 3}",
                           "{[1]}",
                           "{[]: 1}",
                           "{(1, [2])}",
                           "'a",
                           "'a\nb'",
                           "'a' b'b'",
                           "f'a'",
                           "007",
                           "1j",
                           "1__0",
                           "1_",
                           "0x",
                           "1e",
                           ".",
                           "--1",
                           "nan",
                           "inf",
                           "__import__('os')",
                           "float('1')",
                           "float(1)",
                           "set([1])",
                           "True1",
                           "1 if 1 else 2",
                           "1+1",
                           "[1,,2]",
                           "(,)",
                           "[*a]",
                           "'\\N{DASH}'",
                           "'\\x4'",
                           "'\\U00110000'",
                           "b'\xC3\xA9'",
                           "ur'a'"})
    EXPECT_EQ(again(text), "nothing") << text;
}

TEST(PythonLiteral, StopsAtItsBounds) {
  EXPECT_EQ(again(std::string(100'000, '[')), "nothing");
  EXPECT_EQ(again(std::string(300, '[') + std::string(300, ']')), "nothing");
  EXPECT_NE(again(std::string(100, '[') + std::string(100, ']')), "nothing");
  EXPECT_EQ(again(std::string(200'000, '9')), "nothing");
  EXPECT_NE(again(std::string(100'000, '9')), "nothing");
  EXPECT_FALSE(parse_literal("[1, 2, 3]", {.nodes = 3}).has_value());
  EXPECT_TRUE(parse_literal("[1, 2, 3]", {.nodes = 4}).has_value());
}

}  // namespace
}  // namespace cohort::judge
