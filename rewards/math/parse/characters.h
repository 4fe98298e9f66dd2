// Unicode mathematics as the LaTeX that means the same: the lexer then reads ASCII and words.
#pragma once

#include <string>
#include <string_view>

namespace cohort::math {

// Minus signs, operators, Greek, superscripts, fractions, full-width forms, digits of other scripts
// and typographic blanks become ASCII or LaTeX; zero-width and bidirectional controls vanish.
// Letters of other scripts stay as they are. Linear; no mapping is longer than 24 bytes.
std::string plain_characters(std::string_view text);

// LaTeX that went through a string literal: "\f" of \frac became a form feed, "\b" of \boxed a
// backspace, "\t" of \text a tabulator, "\r" of \right a carriage return.
std::string repair_escapes(std::string_view text);

// The code point at `at`, which is moved behind it; 0xFFFD for bytes that are no UTF-8.
char32_t next_code_point(std::string_view text, size_t& at);

bool is_blank(char c);
bool is_digit(char c);
bool is_letter(char c);     // ASCII
bool is_capital(char c);    // ASCII
bool is_word_byte(char c);  // a letter, or a byte of a letter outside ASCII
std::string_view trim(std::string_view text);
std::string lower_case(std::string_view text);  // ASCII letters alone

}  // namespace cohort::math
