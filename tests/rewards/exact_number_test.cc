#include "rewards/math/exact_number.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

ExactNumber number(std::string_view text) {
  ExactNumber result;
  EXPECT_EQ(parse_number(text, result), NumberParse::ok) << text;
  return result;
}

bool equal(std::string_view a, std::string_view b) {
  const bool result = number(a).equals(number(b));
  EXPECT_EQ(number(b).equals(number(a)), result) << a << " " << b;
  return result;
}

TEST(ExactNumber, SpellingsOfOneNumberAreEqual) {
  EXPECT_TRUE(equal("1025", "1025"));
  EXPECT_TRUE(equal("1025", "1,025"));
  EXPECT_TRUE(equal("+7", "007"));
  EXPECT_TRUE(equal("-0", "0"));
  EXPECT_TRUE(equal("-0.00", "0/5"));
  EXPECT_TRUE(equal("2.50", "5/2"));
  EXPECT_TRUE(equal("2.5", "10/4"));
  EXPECT_TRUE(equal(".5", "1 / 2"));
  EXPECT_TRUE(equal("5.", "5"));
  EXPECT_TRUE(equal("-3/4", "3/-4"));
  EXPECT_TRUE(equal("-3/-4", "0.75"));
  EXPECT_TRUE(equal("1.5/0.5", "3"));
  EXPECT_TRUE(equal("1,234,567.80", "12345678/10"));
  EXPECT_TRUE(equal("100000000000000000000000000000000/300000000000000000000000000000000", "1/3"));
}

TEST(ExactNumber, NearNumbersAreDifferent) {
  EXPECT_FALSE(equal("1/3", "0.3333333333333333333333"));
  EXPECT_FALSE(equal("5", "-5"));
  EXPECT_FALSE(equal("9007199254740993", "9007199254740992"));  // one double
  EXPECT_FALSE(equal("0.1", "0.1000000000000000055511151231257827"));
  EXPECT_FALSE(equal("1", "10"));
  EXPECT_FALSE(equal("1", "0.1"));
  EXPECT_FALSE(equal("0", "0.0000000000000000000000000000000001"));
  EXPECT_FALSE(equal("1000000000", "1000000001"));
  EXPECT_FALSE(equal("2/3", "3/2"));
}

TEST(ExactNumber, RefusesWhatIsNotANumber) {
  ExactNumber ignored;
  for (const char* text : {"",
                           "-",
                           "+-1",
                           "--1",
                           ".",
                           "-.",
                           "/",
                           "1/",
                           "/2",
                           "1/0",
                           "1/0.0",
                           "1//2",
                           "1/2/3",
                           "1,23",
                           "12,34",
                           "1234,567",
                           ",123",
                           "1,,234",
                           "1,2345",
                           "1.234,567",
                           "1 000",
                           "1e3",
                           "0x10",
                           "5%",
                           "$5",
                           "5 cm",
                           "x=5",
                           "- 5",
                           "inf",
                           "nan",
                           "1.2.3",
                           " 5",
                           "5 ",
                           "5 /",
                           "\xe2\x88\x92"
                           "5"})
    EXPECT_EQ(parse_number(text, ignored), NumberParse::not_a_number) << text;
}

TEST(ExactNumber, BudgetIsOnSignificantDigits) {
  ExactNumber n;
  const std::string zeros(1'000'000, '0');
  EXPECT_EQ(parse_number(zeros + "12", n), NumberParse::ok);
  EXPECT_EQ(n.numerator, "12");
  EXPECT_EQ(parse_number("12." + zeros, n), NumberParse::ok);
  EXPECT_EQ(n.denominator, "1");
  const std::string longest(kMaxDigits, '7');
  EXPECT_EQ(parse_number(longest + "/" + longest, n), NumberParse::ok);
  EXPECT_TRUE(n.equals(number("1")));
  EXPECT_EQ(parse_number(longest + "7", n), NumberParse::too_long);
  EXPECT_EQ(parse_number("1/" + longest + "7", n), NumberParse::too_long);
  EXPECT_EQ(parse_number(std::string(1'000'000, '7'), n), NumberParse::too_long);
  EXPECT_EQ(parse_number("0." + zeros + "1", n), NumberParse::too_long);
  // Too long, but first of all no number.
  EXPECT_EQ(parse_number(longest + "7x", n), NumberParse::not_a_number);
}

TEST(ExactNumber, LongFractionsMultiplyExactly) {
  // a/b against (a k)/(b k) and (a k + 1)/(b k) with a, b, k of many limbs: k = 10^300 + 7.
  const std::string k = "1" + std::string(299, '0') + "7";
  const std::string a = "123456789123456789123456789";
  auto times_k = [&](const std::string& x) {  // x 10^300 + 7 x, for x with 7 x below 10^300
    std::string seven;
    int carry = 0;
    for (auto it = x.rbegin(); it != x.rend(); ++it) {
      const int digit = (*it - '0') * 7 + carry;
      seven.insert(seven.begin(), static_cast<char>('0' + digit % 10));
      carry = digit / 10;
    }
    if (carry) seven.insert(seven.begin(), static_cast<char>('0' + carry));
    return x + std::string(300 - seven.size(), '0') + seven;
  };
  EXPECT_TRUE(equal(a + "/11", times_k(a) + "/" + times_k("11")));
  std::string off = times_k(a);
  off.back() = off.back() == '9' ? '8' : static_cast<char>(off.back() + 1);
  EXPECT_FALSE(equal(a + "/11", off + "/" + times_k("11")));
}

}  // namespace
}  // namespace cohort
