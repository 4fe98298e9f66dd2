#include "rewards/text/unicode.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>

namespace cohort {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

UChar32 code(char32_t c) { return static_cast<UChar32>(c); }

}  // namespace

std::u32string visible_code_points(std::string_view utf8) {
  if (is_ascii(utf8)) return {utf8.begin(), utf8.end()};
  icu::UnicodeString text;
  const auto whole = icu::UnicodeString::fromUTF8({utf8.data(), static_cast<int32_t>(utf8.size())});
  for (int32_t at = 0; at < whole.length(); at = whole.moveIndex32(at, 1)) {
    const UChar32 c = whole.char32At(at);
    if (!u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) text.append(c);
  }
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_SUCCESS(status)) {
    const icu::UnicodeString normal = nfc->normalize(text, status);
    if (U_SUCCESS(status)) text = normal;
  }
  std::u32string result;
  result.reserve(static_cast<size_t>(text.length()));
  for (int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1))
    result.push_back(static_cast<char32_t>(text.char32At(at)));
  return result;
}

std::string to_utf8(std::u32string_view text) {
  icu::UnicodeString wide;
  for (const char32_t c : text) wide.append(code(c));
  std::string result;
  wide.toUTF8String(result);
  return result;
}

Script letter_script(char32_t c) {
  if (c < 0x80) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter ? Script::latin : Script::none;
  }
  if (!u_isalpha(code(c)) || is_mark(c)) return Script::none;
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(code(c), &status)) {
    case USCRIPT_LATIN:
      return Script::latin;
    case USCRIPT_GREEK:
      return Script::greek;
    case USCRIPT_CYRILLIC:
      return Script::cyrillic;
    case USCRIPT_HAN:
      return Script::han;
    case USCRIPT_HIRAGANA:
      return Script::hiragana;
    case USCRIPT_KATAKANA:
      return Script::katakana;
    case USCRIPT_HANGUL:
      return Script::hangul;
    case USCRIPT_COMMON:
    case USCRIPT_INHERITED:
      break;
    default:
      return Script::other;
  }
  // The long-vowel mark of kana, in both widths.
  return c == 0x30FC || c == 0xFF70 ? Script::katakana : Script::symbolic;
}

bool is_mark(char32_t c) { return c >= 0x80 && (U_GET_GC_MASK(code(c)) & U_GC_M_MASK) != 0; }
bool is_blank(char32_t c) { return u_isUWhiteSpace(code(c)); }
bool is_digit(char32_t c) { return c < 0x80 ? c >= '0' && c <= '9' : u_isdigit(code(c)); }
bool is_upper(char32_t c) { return c < 0x80 ? c >= 'A' && c <= 'Z' : u_isupper(code(c)); }

char32_t to_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  return static_cast<char32_t>(u_tolower(code(c)));
}

bool is_blank_text(std::string_view utf8) {
  if (utf8.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos) return true;
  if (is_ascii(utf8)) return false;
  return std::ranges::all_of(visible_code_points(utf8), is_blank);
}

}  // namespace cohort
