// What the rewards need of Unicode: code points without what nobody sees, letters and their
// scripts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cohort {

// Normalized (NFC), invalid bytes as U+FFFD, and without default-ignorable code points: zero-width
// blanks and joiners, bidirectional controls, variation selectors, soft hyphens, fillers.
std::u32string visible_code_points(std::string_view utf8);
std::string to_utf8(std::u32string_view text);

enum class Script : uint8_t {
  none,  // not a letter
  latin,
  greek,
  cyrillic,
  han,
  hiragana,
  katakana,
  hangul,
  symbolic,  // letters of no script: mathematical alphabets, letter-like symbols
  other,
};
Script letter_script(char32_t c);
bool is_mark(char32_t c);   // combines with the letter before it
bool is_blank(char32_t c);  // white space
bool is_digit(char32_t c);  // a decimal digit of any script
bool is_upper(char32_t c);
char32_t to_lower(char32_t c);

// Nothing in it that anybody sees.
bool is_blank_text(std::string_view utf8);

}  // namespace cohort
