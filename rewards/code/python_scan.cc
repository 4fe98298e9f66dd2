#include "rewards/code/python_scan.h"

#include <charconv>
#include <limits>

namespace cohort::judge {

namespace {

using Kind = Value::Kind;

constexpr size_t kMaxDigits = 125'000;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

// Digits of `base` with single underscores between them, appended to `digits`.
bool take_digits(std::string_view text, size_t& at, int base, std::string& digits) {
  const size_t start = digits.size();
  while (at < text.size()) {
    if (text[at] == '_' && digits.size() > start && at + 1 < text.size() &&
        digit_value(text[at + 1]) < base)
      ++at;
    if (digit_value(text[at]) >= base) break;
    digits += text[at++];
    if (digits.size() > kMaxDigits) return false;
  }
  return digits.size() > start;
}

bool scan_based_integer(std::string_view text, size_t& at, int base, Value& number) {
  at += 2;
  if (at < text.size() && text[at] == '_') ++at;
  std::string digits;
  if (!take_digits(text, at, base, digits)) return false;
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc()) return false;
  number = {.kind = Kind::integer, .text = std::to_string(value)};
  return true;
}

double parse_double(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc()) return number;
  // Out of range: beyond the largest when the first digit that is not 0 stands left of the point
  // after scaling, else below the smallest.
  const size_t mark = text.find('e');
  int64_t exponent = 0;
  if (mark != std::string::npos) {
    const char* from = text.data() + mark + 1;
    if (*from == '+') ++from;
    const bool negative = *from == '-';
    const auto parsed = std::from_chars(from, text.data() + text.size(), exponent);
    if (parsed.ec != std::errc()) return negative ? 0 : std::numeric_limits<double>::infinity();
  }
  const std::string mantissa = text.substr(0, mark);
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  const size_t first = mantissa.find_first_of("123456789");
  if (first == std::string::npos) return 0;
  const int64_t place = static_cast<int64_t>(point) - static_cast<int64_t>(first);
  return place + exponent > 0 ? std::numeric_limits<double>::infinity() : 0;
}

void append_utf8(std::string& out, uint32_t code) {
  const auto put = [&out](uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool take_hex(std::string_view text, size_t& at, int count, uint32_t& code) {
  code = 0;
  for (int i = 0; i < count; ++i, ++at) {
    if (at >= text.size() || digit_value(text[at]) > 15) return false;
    code = code * 16 + static_cast<uint32_t>(digit_value(text[at]));
  }
  return code <= 0x10FFFF;
}

// What follows a backslash. \N{...} is no plain literal here.
bool take_escape(std::string_view text, size_t& at, bool bytes, std::string& out) {
  if (at >= text.size()) return false;
  const char c = text[at++];
  static constexpr std::string_view kNames = "\\'\"abfnrtv", kMeant = "\\'\"\a\b\f\n\r\t\v";
  if (const size_t i = kNames.find(c); i != std::string_view::npos) {
    out += kMeant[i];
    return true;
  }
  if (c == '\n') return true;
  uint32_t code = 0;
  if (c >= '0' && c <= '7') {
    code = static_cast<uint32_t>(c - '0');
    for (int i = 0; i < 2 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++i)
      code = code * 8 + static_cast<uint32_t>(text[at++] - '0');
  } else if (c == 'x') {
    if (!take_hex(text, at, 2, code)) return false;
  } else if (!bytes && (c == 'u' || c == 'U')) {
    if (!take_hex(text, at, c == 'u' ? 4 : 8, code)) return false;
  } else if (!bytes && c == 'N') {
    return false;
  } else {
    out += '\\';
    out += c;
    return true;
  }
  if (bytes)
    out += static_cast<char>(code);
  else
    append_utf8(out, code);
  return true;
}

// The letters before the quote; false when they are no prefix of a plain string.
bool string_prefix(std::string_view text, size_t at, size_t& quote, bool& raw, bool& bytes) {
  raw = bytes = false;
  bool unicode = false;
  for (quote = at; quote < text.size() && quote < at + 3; ++quote) {
    const char c = lower(text[quote]);
    if (c == '\'' || c == '"') return !(unicode && (raw || bytes));
    if (c == 'r' && !raw)
      raw = true;
    else if (c == 'b' && !bytes)
      bytes = true;
    else if (c == 'u' && !unicode)
      unicode = true;
    else
      return false;
  }
  return false;
}

}  // namespace

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool scan_number(std::string_view text, size_t& at, Value& number) {
  if (at + 1 < text.size() && text[at] == '0') {
    const char mark = lower(text[at + 1]);
    const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (base) return scan_based_integer(text, at, base, number);
  }
  std::string digits;
  bool is_float = false;
  if (at < text.size() && is_digit(text[at]) && !take_digits(text, at, 10, digits)) return false;
  const size_t whole = digits.size();
  if (at < text.size() && text[at] == '.') {
    is_float = true;
    digits += text[at++];
    if (at < text.size() && is_digit(text[at]) && !take_digits(text, at, 10, digits)) return false;
  }
  if (digits.empty() || digits == ".") return false;
  if (at < text.size() && lower(text[at]) == 'e') {
    size_t from = at + 1;
    std::string exponent = "e";
    if (from < text.size() && (text[from] == '+' || text[from] == '-')) exponent += text[from++];
    if (!take_digits(text, from, 10, exponent)) return false;
    digits += exponent;
    at = from;
    is_float = true;
  }
  if (at < text.size() && is_name_char(text[at])) return false;
  if (is_float) {
    if (whole == 0) digits.insert(0, 1, '0');
    if (const size_t plus = digits.find("e+"); plus != std::string::npos) digits.erase(plus + 1, 1);
    number = make_real(parse_double(digits));
    return true;
  }
  const size_t first = digits.find_first_not_of('0');
  if (first != 0 && first != std::string::npos) return false;  // Python has no 007
  number = {.kind = Kind::integer, .text = first == 0 ? digits : "0"};
  return true;
}

bool starts_string(std::string_view text, size_t at) {
  size_t quote = 0;
  bool raw = false, bytes = false;
  return string_prefix(text, at, quote, raw, bytes);
}

bool scan_string(std::string_view text, size_t& at, Value& string) {
  bool raw = false, bytes = false;
  size_t quote = 0;
  if (!string_prefix(text, at, quote, raw, bytes)) return false;
  const char mark = text[quote];
  const bool triple = text.substr(quote, 3) == std::string(3, mark);
  at = quote + (triple ? 3 : 1);
  std::string out;
  while (at < text.size()) {
    const char c = text[at];
    if (c == mark && (!triple || text.substr(at, 3) == std::string(3, mark))) {
      at += triple ? 3 : 1;
      string = {.kind = bytes ? Kind::bytes : Kind::text, .text = std::move(out)};
      return true;
    }
    if (c == '\n' && !triple) return false;
    if (bytes && static_cast<unsigned char>(c) >= 0x80) return false;
    ++at;
    if (c != '\\') {
      out += c;
    } else if (raw) {
      out += c;
      if (at < text.size()) out += text[at++];
    } else if (!take_escape(text, at, bytes, out)) {
      return false;
    }
  }
  return false;
}

}  // namespace cohort::judge
