#include "model/chat_template/number_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "model/chat_template/code_points.h"
#include "model/chat_template/value.h"

namespace cohort::chat {
namespace {

// Digits of other scripts are numbers to Python too.
std::string ascii_digits(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c >= 0x80 && is_decimal(c)) throw Fault("digits of other scripts are not supported");
    append_utf8(out, c);
  }
  return out;
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

// An underscore may stand between two digits; false for any other.
bool drop_underscores(std::string& text, int base) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const auto digit = [&](size_t at) { return at < text.size() && digit_value(text[at]) < base; };
    if (i == 0 || !digit(i - 1) || !digit(i + 1)) return false;
  }
  text = std::move(out);
  return true;
}

int64_t base_of_prefix(char c) {
  switch (c) {
    case 'b':
    case 'B':
      return 2;
    case 'o':
    case 'O':
      return 8;
    case 'x':
    case 'X':
      return 16;
    default:
      return -1;
  }
}

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view text(buffer.data(), end - buffer.data());
  const size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  const int size = static_cast<int>(digits.size());
  const std::string sign = std::signbit(value) ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    const std::string fraction = size > 1 ? "." + digits.substr(1) : "";
    return fmt::format("{}{}{}e{}{:02}", sign, digits[0], fraction, exponent < 0 ? '-' : '+',
                       std::abs(exponent));
  }
  if (exponent < 0) return sign + "0." + std::string(-exponent - 1, '0') + digits;
  if (size <= exponent + 1) return sign + digits + std::string(exponent + 1 - size, '0') + ".0";
  return sign + digits.substr(0, exponent + 1) + "." + digits.substr(exponent + 1);
}

std::optional<double> parse_float(std::string_view raw) {
  std::string text = ascii_digits(strip_space_right(strip_space_left(raw)));
  if (text.find_first_of("xXpP") != std::string::npos || !drop_underscores(text, 10)) return {};
  if (text.empty() || text.find('\0') != std::string::npos || text.find('(') != std::string::npos)
    return {};
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || std::isspace(static_cast<unsigned char>(text[0])))
    return {};
  return value;
}

std::optional<int64_t> parse_int(std::string_view raw, int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return {};
  std::string text = ascii_digits(strip_space_right(strip_space_left(raw)));
  size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++at;
  const int64_t prefix =
      text.size() > at + 1 && text[at] == '0' ? base_of_prefix(text[at + 1]) : -1;
  bool octal_look = false;
  if (prefix > 0 && (base == 0 || base == prefix)) {
    base = prefix;
    at += 2;
    if (at < text.size() && text[at] == '_') ++at;
  } else if (base == 0) {
    base = 10;
    octal_look = text.size() > at && text[at] == '0';
  }
  text = text.substr(at);
  if (text.empty() || !drop_underscores(text, static_cast<int>(base))) return {};
  int64_t value = 0;
  for (const char c : text) {
    const int digit = digit_value(c);
    if (digit >= base) return {};
    if (octal_look && digit != 0) return {};
    if (__builtin_mul_overflow(value, base, &value) ||
        __builtin_sub_overflow(value, static_cast<int64_t>(digit), &value))
      throw Fault("an integer of more than 64 bits is not supported");
  }
  if (!negative && __builtin_sub_overflow(int64_t{0}, value, &value))
    throw Fault("an integer of more than 64 bits is not supported");
  return value;
}

}  // namespace cohort::chat
