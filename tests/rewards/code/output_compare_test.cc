#include "rewards/code/output_compare.h"

#include <gtest/gtest.h>

#include <string>

namespace cohort::judge {
namespace {

using namespace std::string_view_literals;

bool lines(std::string_view expected, std::string_view got, const Tolerance& tolerance = {}) {
  return same_output(expected, got, OutputMode::lines, tolerance);
}
bool tokens(std::string_view expected, std::string_view got, const Tolerance& tolerance = {}) {
  return same_output(expected, got, OutputMode::tokens, tolerance);
}

TEST(OutputCompare, LinesForgiveBlanksAtTheirEndAndEmptyLinesAtTheLast) {
  EXPECT_TRUE(lines("1\n2\n", "1\n2"));
  EXPECT_TRUE(lines("1\n2", "1 \t\r\n2\r\n\n \n"));
  EXPECT_TRUE(lines("", "\n \n"));
  EXPECT_TRUE(lines("\n\n", ""));
  EXPECT_TRUE(lines("1\n", "1" + std::string(1 << 20, ' ') + std::string(1 << 20, '\n')));
}

TEST(OutputCompare, LinesForgiveNothingElse) {
  EXPECT_FALSE(lines("1\n2\n", "1\n"));        // a prefix
  EXPECT_FALSE(lines("1\n2\n", ""));           // nothing
  EXPECT_FALSE(lines("1\n2\n", "1\n2\n3\n"));  // more
  EXPECT_FALSE(lines("1\n2\n", "1\n\n2\n"));
  EXPECT_FALSE(lines("1\n2\n", "\n1\n2\n"));
  EXPECT_FALSE(lines("1\n2\n", "2\n1\n"));
  EXPECT_FALSE(lines("1 2\n", "1  2\n"));
  EXPECT_FALSE(lines("1 2\n", "1\n2\n"));
  EXPECT_FALSE(lines("1\n", " 1\n"));
  EXPECT_FALSE(lines("Yes\n", "YES\n"));
  EXPECT_FALSE(lines("Yes\n", "Yes No\n"));
  EXPECT_FALSE(lines("1\n", "1.0\n"));
  EXPECT_FALSE(lines("a\n", ""));
  EXPECT_FALSE(lines("", "a"));
}

TEST(OutputCompare, BytesAreBytes) {
  EXPECT_FALSE(lines("1\n", "1\0\n"sv));
  EXPECT_FALSE(lines("1\n", "\0001\n"sv));
  EXPECT_FALSE(lines("1\n", "1\0002\n"sv));
  EXPECT_FALSE(lines("1\n", "\x1b[0m1\n"));
  EXPECT_FALSE(lines("1\n", "2\r1\n"));
  EXPECT_FALSE(lines("1\n",
                     "\xff"
                     "1\n"));
  EXPECT_FALSE(lines("1\n", "2\b1\n"));
  EXPECT_FALSE(lines("1\n", "1\xC2\xA0\n"));
  EXPECT_TRUE(lines("\xff\0x\n"sv, "\xff\0x"sv));
  EXPECT_FALSE(tokens("1", "1\0"sv));
}

TEST(OutputCompare, TokensForgiveTheKindOfBlanks) {
  EXPECT_TRUE(tokens("1 2\n3\n", " 1\t2  3"));
  EXPECT_TRUE(tokens("", " \n"));
  EXPECT_FALSE(tokens("1 2 3", "1 2"));
  EXPECT_FALSE(tokens("1 2", "1 2 3"));
  EXPECT_FALSE(tokens("12", "1 2"));
  EXPECT_FALSE(tokens("1", "01"));
}

TEST(OutputCompare, NumbersHaveATolerenceOnlyWhereTheProblemSaysSo) {
  const Tolerance t{.absolute = 1e-6, .relative = 1e-6};
  EXPECT_FALSE(lines("0.5", "0.50"));
  EXPECT_TRUE(lines("0.5", "0.50", t));
  EXPECT_TRUE(tokens("0.5", "5e-1", t));
  EXPECT_TRUE(tokens("1000000.0", "1000000.9", t));
  EXPECT_FALSE(tokens("1000000.0", "1000001.1", t));
  EXPECT_TRUE(tokens("2", "2.0000001", t));
  EXPECT_TRUE(tokens("x 0.5 y", "x +.5 y", t));
  EXPECT_TRUE(lines("1 0.5\n2\n", "1  0.5000001\n2\n", t)) << "the same tokens";
  EXPECT_FALSE(lines("1\n0.5\n", "1 0.5\n", t));
  EXPECT_FALSE(tokens("0.5", "0.6", t));
  EXPECT_FALSE(tokens("-0.5", "0.5", t));
}

TEST(OutputCompare, IntegersAreComparedExactlyAtAnySize) {
  const Tolerance loose{.absolute = 10, .relative = 1};
  EXPECT_FALSE(tokens("100000000000000000000", "100000000000000000001", loose));
  EXPECT_FALSE(tokens("5", "6", loose));
  EXPECT_FALSE(tokens("5", "-5", loose));
  EXPECT_TRUE(tokens("5", "+005", loose));
  EXPECT_TRUE(tokens("0", "-0", loose));
  EXPECT_FALSE(tokens("9007199254740993", "9007199254740992.0", {.absolute = 1e-6}));
  EXPECT_TRUE(tokens("1000000000000000000", "1e18", {.absolute = 1e-6, .relative = 1e-6}));
}

TEST(OutputCompare, WhatIsNotAFiniteNumberHasNoTolerance) {
  const Tolerance loose{.absolute = 1e300, .relative = 1};
  for (const char* got : {"nan", "inf", "-inf", "NaN", "infinity", "1e999", "0x1", "--1", "+-1",
                          "1e", ".", "1.2.3", "e5", "1,5", "abc", "", "1_0", "1d0"})
    EXPECT_FALSE(tokens("1.5", got, loose)) << got;
  EXPECT_FALSE(tokens("nan", "1", loose));
  EXPECT_FALSE(tokens("inf", "1e999", loose));
  EXPECT_TRUE(tokens("nan", "nan", loose)) << "the same bytes";
}

TEST(OutputCompare, IsLinear) {
  const std::string many(4 << 20, '\n'), wide(4 << 20, 'x');
  std::string numbers;
  while (numbers.size() < 4 << 20) numbers += "1.5 ";
  EXPECT_FALSE(lines("1", many + "1"));
  EXPECT_FALSE(lines(wide, wide + "x"));
  EXPECT_TRUE(lines(numbers, numbers + " ", {.absolute = 1}));
  EXPECT_TRUE(tokens(numbers, numbers, {.absolute = 1}));
  std::string rows;
  while (rows.size() < 4 << 20) rows += " \n";
  EXPECT_TRUE(lines("", rows));
  EXPECT_FALSE(lines("a", rows + "a"));
}

}  // namespace
}  // namespace cohort::judge
