// Exact rational numbers as written in answers, compared without floating point.
//
//   number   = sign? magnitude ( blanks "/" blanks sign? magnitude )?
//   magnitude = integer | integer "." digits? | "." digits
//   integer  = digits | 1 to 3 digits ( "," 3 digits )+
//   sign     = "+" | "-"
//
// Leading and trailing zeros mean nothing: 007 is 7 and 2.50 is 5/2. A zero denominator is no
// number.
#pragma once

#include <string>
#include <string_view>

namespace cohort {

// numerator / denominator as decimal digits without leading zeros; not reduced.
struct ExactNumber {
  bool negative = false;  // false for zero
  std::string numerator = "0";
  std::string denominator = "1";

  // a/b = c/d iff a d = c b.
  bool equals(const ExactNumber& other) const;
};

enum class NumberParse { ok, not_a_number, too_long };

// Significant digits of a magnitude at most: bounds the time of equals().
inline constexpr size_t kMaxDigits = 1000;

NumberParse parse_number(std::string_view text, ExactNumber& number);

}  // namespace cohort
