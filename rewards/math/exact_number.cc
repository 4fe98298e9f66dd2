#include "rewards/math/exact_number.h"

#include <cstdint>
#include <vector>

namespace cohort {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t count_digits(std::string_view text, size_t at) {
  size_t n = 0;
  while (at + n < text.size() && is_digit(text[at + n])) ++n;
  return n;
}

void skip_blanks(std::string_view text, size_t& at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
}

// A decimal number: `digits` without leading zeros, the last `scale` of them after the point.
struct Magnitude {
  bool negative = false;
  std::string digits;
  size_t scale = 0;
};

// Reads the digits of an integer, with or without thousands commas. False when commas are out of
// place.
bool read_integer(std::string_view text, size_t& at, std::string& digits) {
  size_t n = count_digits(text, at);
  digits.append(text.substr(at, n));
  at += n;
  if (at >= text.size() || text[at] != ',') return true;
  if (n == 0 || n > 3) return false;
  while (at < text.size() && text[at] == ',') {
    n = count_digits(text, at + 1);
    if (n != 3) return false;
    digits.append(text.substr(at + 1, 3));
    at += 4;
  }
  return true;
}

NumberParse read_magnitude(std::string_view text, size_t& at, Magnitude& out) {
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) out.negative = text[at++] == '-';
  std::string digits;
  if (!read_integer(text, at, digits)) return NumberParse::not_a_number;
  std::string_view fraction;
  if (at < text.size() && text[at] == '.') {
    const size_t n = count_digits(text, at + 1);
    fraction = text.substr(at + 1, n);
    at += 1 + n;
  }
  if (digits.empty() && fraction.empty()) return NumberParse::not_a_number;

  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  digits.append(fraction);
  out.scale = fraction.size();
  const size_t first = digits.find_first_not_of('0');
  out.digits = first == std::string::npos ? "0" : digits.substr(first);
  if (out.digits == "0") out.negative = false;
  return out.digits.size() > kMaxDigits || out.scale > kMaxDigits ? NumberParse::too_long
                                                                  : NumberParse::ok;
}

constexpr int kLimbDigits = 9;
constexpr uint64_t kLimb = 1'000'000'000;

// Base 10^9, least significant first, no zero limbs at the end.
std::vector<uint32_t> to_limbs(const std::string& digits) {
  std::vector<uint32_t> limbs;
  for (size_t end = digits.size(); end > 0;) {
    const size_t begin = end > kLimbDigits ? end - kLimbDigits : 0;
    uint32_t limb = 0;
    for (size_t i = begin; i < end; ++i) limb = limb * 10 + static_cast<uint32_t>(digits[i] - '0');
    limbs.push_back(limb);
    end = begin;
  }
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  return limbs;
}

std::vector<uint32_t> product(const std::string& a_digits, const std::string& b_digits) {
  const std::vector<uint32_t> a = to_limbs(a_digits), b = to_limbs(b_digits);
  std::vector<uint32_t> result(a.size() + b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.size(); ++j) {
      carry += result[i + j] + uint64_t{a[i]} * b[j];
      result[i + j] = static_cast<uint32_t>(carry % kLimb);
      carry /= kLimb;
    }
    result[i + b.size()] = static_cast<uint32_t>(carry);
  }
  while (!result.empty() && result.back() == 0) result.pop_back();
  return result;
}

}  // namespace

bool ExactNumber::equals(const ExactNumber& other) const {
  if (negative != other.negative) return false;
  if (denominator == other.denominator) return numerator == other.numerator;
  return product(numerator, other.denominator) == product(other.numerator, denominator);
}

NumberParse parse_number(std::string_view text, ExactNumber& number) {
  Magnitude top, bottom{.digits = "1"};
  size_t at = 0;
  NumberParse parse = read_magnitude(text, at, top);
  if (parse == NumberParse::not_a_number) return parse;
  bool too_long = parse == NumberParse::too_long;
  const size_t end_of_top = at;
  skip_blanks(text, at);
  if (at < text.size() && text[at] == '/') {
    ++at;
    skip_blanks(text, at);
    bottom = {};
    parse = read_magnitude(text, at, bottom);
    if (parse == NumberParse::not_a_number || bottom.digits == "0")
      return NumberParse::not_a_number;
    too_long = too_long || parse == NumberParse::too_long;
  } else {
    at = end_of_top;
  }
  if (at != text.size()) return NumberParse::not_a_number;
  if (too_long) return NumberParse::too_long;

  // (N / 10^s) / (M / 10^t) = (N 10^t) / (M 10^s)
  number.negative = top.digits != "0" && top.negative != bottom.negative;
  number.numerator = top.digits == "0" ? "0" : top.digits + std::string(bottom.scale, '0');
  number.denominator = bottom.digits + std::string(top.scale, '0');
  return NumberParse::ok;
}

}  // namespace cohort
