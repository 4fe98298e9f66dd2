#include "model/chat_template/code_points.h"

#include <unicode/uchar.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include <array>

namespace cohort::chat {
namespace {

enum class Case { kUpper, kLower, kTitle, kFold };

// The full mapping of one character, which may be several; the final sigma is its caller's.
void append_mapped(std::string& out, char32_t c, Case to) {
  if (c < 0x80) {
    const bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
    const bool raise = to == Case::kUpper || to == Case::kTitle;
    out += static_cast<char>(lower && raise ? c - 32 : upper && !raise ? c + 32 : c);
    return;
  }
  std::array<UChar, 2> in{};
  int32_t length = 0;
  U16_APPEND_UNSAFE(in.data(), length, static_cast<UChar32>(c));
  std::array<UChar, 8> mapped{};
  UErrorCode status = U_ZERO_ERROR;
  int32_t size = 0;
  switch (to) {
    case Case::kUpper:
      size = u_strToUpper(mapped.data(), mapped.size(), in.data(), length, "", &status);
      break;
    case Case::kLower:
      size = u_strToLower(mapped.data(), mapped.size(), in.data(), length, "", &status);
      break;
    case Case::kTitle:
      size = u_strToTitle(mapped.data(), mapped.size(), in.data(), length, nullptr, "", &status);
      break;
    case Case::kFold:
      size = u_strFoldCase(mapped.data(), mapped.size(), in.data(), length, U_FOLD_CASE_DEFAULT,
                           &status);
      break;
  }
  if (U_FAILURE(status)) return append_utf8(out, c);
  for (int32_t i = 0; i < size;) {
    UChar32 next = 0;
    U16_NEXT(mapped.data(), i, size, next);
    append_utf8(out, static_cast<char32_t>(next));
  }
}

bool is_case_ignorable(char32_t c) {
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASE_IGNORABLE);
}

// Whether the sigma in [begin, end) ends a word: a cased letter before it, none behind.
bool is_final_sigma(std::string_view text, size_t begin, size_t end) {
  size_t at = begin;
  char32_t c = 0;
  bool found = false;
  while (at > 0 && !found) found = !is_case_ignorable(c = previous_code_point(text, at));
  if (!found || !is_cased(c)) return false;
  at = end;
  found = false;
  while (at < text.size() && !found) found = !is_case_ignorable(c = next_code_point(text, at));
  return !found || !is_cased(c);
}

void append_lower(std::string& out, std::string_view text, char32_t c, size_t begin, size_t end) {
  constexpr char32_t kCapitalSigma = 0x3A3;
  if (c == kCapitalSigma)
    append_utf8(out, is_final_sigma(text, begin, end) ? 0x3C2 : 0x3C3);
  else
    append_mapped(out, c, Case::kLower);
}

int32_t numeric_type(char32_t c) {
  return u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_NUMERIC_TYPE);
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    UChar32 c = 0;
    U8_NEXT(text.data(), at, text.size(), c);
    if (c < 0) return false;
  }
  return true;
}

int64_t count_code_points(std::string_view text) {
  int64_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

void append_utf8(std::string& out, char32_t c) {
  std::array<char, 4> bytes{};
  int32_t size = 0;
  U8_APPEND_UNSAFE(bytes.data(), size, static_cast<UChar32>(c));
  out.append(bytes.data(), size);
}

char32_t next_code_point(std::string_view text, size_t& at) {
  UChar32 c = 0;
  U8_NEXT_OR_FFFD(text.data(), at, text.size(), c);
  return static_cast<char32_t>(c);
}

char32_t previous_code_point(std::string_view text, size_t& at) {
  while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0) == 0x80) {
  }
  size_t end = at;
  return next_code_point(text, end);
}

size_t byte_offset(std::string_view text, int64_t index) {
  size_t at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && index-- == 0) break;
  return at;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= 0x20;
  constexpr uint32_t kHidden = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_CO_MASK |
                               U_GC_CN_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK | U_GC_ZS_MASK;
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & kHidden) == 0;
}

bool is_alpha(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0; }
bool is_decimal(char32_t c) { return numeric_type(c) == U_NT_DECIMAL; }
bool is_digit(char32_t c) { return is_decimal(c) || numeric_type(c) == U_NT_DIGIT; }
bool is_numeric(char32_t c) { return numeric_type(c) != U_NT_NONE; }
bool is_alnum(char32_t c) { return is_alpha(c) || is_numeric(c); }
bool is_upper(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_UPPERCASE); }
bool is_lower(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_LOWERCASE); }
bool is_title(char32_t c) { return u_charType(static_cast<UChar32>(c)) == U_TITLECASE_LETTER; }
bool is_cased(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASED); }

std::string to_upper(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();)
    append_mapped(out, next_code_point(text, at), Case::kUpper);
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = next_code_point(text, at);
    append_lower(out, text, c, begin, at);
  }
  return out;
}

std::string to_title(std::string_view text) {
  std::string out;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = next_code_point(text, at);
    if (inside)
      append_lower(out, text, c, begin, at);
    else
      append_mapped(out, c, Case::kTitle);
    inside = is_cased(c);
  }
  return out;
}

std::string to_capitalized(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = next_code_point(text, at);
    if (begin == 0)
      append_mapped(out, c, Case::kTitle);
    else
      append_lower(out, text, c, begin, at);
  }
  return out;
}

std::string to_swapped(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = next_code_point(text, at);
    if (is_upper(c))
      append_lower(out, text, c, begin, at);
    else if (is_lower(c))
      append_mapped(out, c, Case::kUpper);
    else
      append_utf8(out, c);
  }
  return out;
}

std::string to_folded(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) append_mapped(out, next_code_point(text, at), Case::kFold);
  return out;
}

std::string_view strip_space_left(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t begin = at;
    if (!is_space(next_code_point(text, at))) return text.substr(begin);
  }
  return {};
}

std::string_view strip_space_right(std::string_view text) {
  size_t at = text.size();
  while (at > 0) {
    const size_t end = at;
    if (!is_space(previous_code_point(text, at))) return text.substr(0, end);
  }
  return {};
}

}  // namespace cohort::chat
