// Python's escapes in a string literal.
#include <fmt/format.h>

#include "model/chat_template/code_points.h"
#include "model/chat_template/lexer.h"

namespace cohort::chat {
namespace {

// Jinja writes what is not ASCII as escapes before it reads them all, which shows behind a
// backslash.
std::string as_ascii(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const uint32_t c = next_code_point(text, at);
    if (c < 0x80)
      out += static_cast<char>(c);
    else if (c < 0x100)
      out += fmt::format("\\x{:02x}", c);
    else if (c < 0x10000)
      out += fmt::format("\\u{:04x}", c);
    else
      out += fmt::format("\\U{:08x}", c);
  }
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `count` hexadecimal digits at `at`, which moves past them.
char32_t hex_code_point(std::string_view text, size_t& at, int count) {
  uint32_t c = 0;
  for (; count > 0; --count, ++at) {
    const int digit = at < text.size() ? hex_value(text[at]) : -1;
    if (digit < 0) throw Fault("a truncated escape in a string");
    c = c * 16 + static_cast<uint32_t>(digit);
  }
  if (c > 0x10FFFF) throw Fault("an escape beyond U+10FFFF in a string");
  if (c >= 0xD800 && c < 0xE000) throw Fault("surrogates in a string are not supported");
  return c;
}

// The one-character escapes; 0 for another.
char simple_escape(char c) {
  constexpr std::string_view kNames = "\\'\"abfnrtv";
  constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
  const size_t at = kNames.find(c);
  return at == std::string_view::npos ? '\0' : kValues[at];
}

}  // namespace

std::string unescape_literal(std::string_view raw) {
  const std::string text = as_ascii(raw);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c != '\\') {
      out += c;
      continue;
    }
    if (at == text.size()) throw Fault("a backslash at the end of a string");
    const char kind = text[at++];
    if (const char simple = simple_escape(kind)) {
      out += simple;
    } else if (kind == '\n') {
      continue;
    } else if (kind >= '0' && kind <= '7') {
      uint32_t value = kind - '0';
      for (int i = 0; i < 2 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++i)
        value = value * 8 + (text[at++] - '0');
      append_utf8(out, value);
    } else if (kind == 'x') {
      append_utf8(out, hex_code_point(text, at, 2));
    } else if (kind == 'u') {
      append_utf8(out, hex_code_point(text, at, 4));
    } else if (kind == 'U') {
      append_utf8(out, hex_code_point(text, at, 8));
    } else if (kind == 'N') {
      throw Fault("\\N{...} in a string is not supported");
    } else {
      out += '\\';
      out += kind;
    }
  }
  return out;
}

}  // namespace cohort::chat
