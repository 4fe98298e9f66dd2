// Text by code points, with Python's ideas of space, case and kind of character.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cohort::chat {

bool is_valid_utf8(std::string_view text);
int64_t count_code_points(std::string_view text);
void append_utf8(std::string& out, char32_t c);
// The code point at byte `at` of valid UTF-8, which moves past it.
char32_t next_code_point(std::string_view text, size_t& at);
// The code point that ends before byte `at`, which moves to its begin.
char32_t previous_code_point(std::string_view text, size_t& at);
// Where code point `index` begins, 0 <= index <= length.
size_t byte_offset(std::string_view text, int64_t index);

bool is_space(char32_t c);      // str.isspace
bool is_printable(char32_t c);  // str.isprintable
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_alnum(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
bool is_cased(char32_t c);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);        // str.title
std::string to_capitalized(std::string_view text);  // str.capitalize
std::string to_swapped(std::string_view text);      // str.swapcase
std::string to_folded(std::string_view text);       // str.casefold

std::string_view strip_space_left(std::string_view text);
std::string_view strip_space_right(std::string_view text);

}  // namespace cohort::chat
