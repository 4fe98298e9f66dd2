#include "rewards/code/output_compare.h"

#include <charconv>
#include <cmath>

namespace cohort::judge {

namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

std::string_view without_trailing_blanks(std::string_view text) {
  const size_t last = text.find_last_not_of(kBlanks);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Cuts the next line off `rest`.
std::string_view next_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return without_trailing_blanks(line);
}

// Cuts the next token off `rest`; empty at the end.
std::string_view next_token(std::string_view& rest) {
  const size_t start = rest.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return rest = {};
  rest.remove_prefix(start);
  const std::string_view token = rest.substr(0, rest.find_first_of(kBlanks));
  rest.remove_prefix(token.size());
  return token;
}

struct Decimal {
  bool negative = false, integer = false;
  std::string_view digits;  // of an integer, without leading zeros
  double value = 0;
};

// [+-] digits [. digits] [e [+-] digits], and a finite double.
bool read_decimal(std::string_view token, Decimal& number) {
  if (token.starts_with('+') || token.starts_with('-')) {
    number.negative = token[0] == '-';
    token.remove_prefix(1);
  }
  // from_chars also takes "inf" and "nan", and a second minus.
  if (token.empty() || token.find_first_not_of("0123456789.eE+-") != std::string_view::npos ||
      token.find_first_of("0123456789") > 1 || token[0] == '-')
    return false;
  number.integer = token.find_first_not_of("0123456789") == std::string_view::npos;
  const auto [end, error] =
      std::from_chars(token.data(), token.data() + token.size(), number.value);
  if (end != token.data() + token.size()) return false;
  if (number.integer) {
    const size_t first = token.find_first_not_of('0');
    number.digits = first == std::string_view::npos ? "0" : token.substr(first);
    if (number.digits == "0") number.negative = false;
  } else if (error != std::errc()) {
    return false;
  }
  if (number.negative) number.value = -number.value;
  return true;
}

// A double cannot tell integers of more than 15 digits apart: an absolute tolerance says nothing
// about them.
bool too_large_for_double(const Decimal& number) {
  return number.integer && number.digits.size() > 15;
}

bool same_token(std::string_view expected, std::string_view got, const Tolerance& tolerance) {
  if (expected == got) return true;
  if (!tolerance.any()) return false;
  Decimal a, b;
  if (!read_decimal(expected, a) || !read_decimal(got, b)) return false;
  if (a.integer && b.integer) return a.negative == b.negative && a.digits == b.digits;
  Tolerance used = tolerance;
  if (too_large_for_double(a) || too_large_for_double(b)) {
    if (tolerance.relative <= 0 || a.digits.size() > 300 || b.digits.size() > 300) return false;
    used.absolute = 0;
  }
  return within(used, a.value, b.value);
}

bool same_tokens(std::string_view expected, std::string_view got, const Tolerance& tolerance) {
  while (true) {
    const std::string_view a = next_token(expected), b = next_token(got);
    if (a.empty() || b.empty()) return a.empty() && b.empty();
    if (!same_token(a, b, tolerance)) return false;
  }
}

bool same_lines(std::string_view expected, std::string_view got, const Tolerance& tolerance) {
  expected = without_trailing_blanks(expected);
  got = without_trailing_blanks(got);
  while (!expected.empty() && !got.empty()) {
    const std::string_view a = next_line(expected), b = next_line(got);
    if (a != b && !(tolerance.any() && same_tokens(a, b, tolerance))) return false;
  }
  return expected.empty() && got.empty();
}

}  // namespace

bool same_output(std::string_view expected, std::string_view got, OutputMode mode,
                 const Tolerance& tolerance) {
  return mode == OutputMode::tokens ? same_tokens(expected, got, tolerance)
                                    : same_lines(expected, got, tolerance);
}

}  // namespace cohort::judge
