// Numbers and strings of Python source, one at a time, linear and bounded.
#pragma once

#include "rewards/code/python_value.h"

namespace cohort::judge {

bool is_digit(char c);
bool is_name_char(char c);  // of an identifier; every byte beyond ASCII counts

// `at` is the place of the first character and moves behind the last; false when there is no such
// literal there. Integers have at most 125,000 digits, those in another base 64 bits.
bool scan_number(std::string_view text, size_t& at, Value& number);  // without a sign
bool scan_string(std::string_view text, size_t& at, Value& string);  // one, with its prefix
bool starts_string(std::string_view text, size_t at);

}  // namespace cohort::judge
