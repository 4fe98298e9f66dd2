// Characters of Unicode 15 to 17, which PCRE2 10.42 (Unicode 14) takes for unassigned and the
// tokenizers library does not.
#pragma once

#include <string>
#include <string_view>

namespace cohort {

// Ranges in the form of a character class, of the general category `property` ("L", "Lu", ...), as
// of Unicode 16 (that of the regular expressions in tokenizers 0.23). Empty when there are none.
std::string added_ranges(std::string_view property);
// The numeric characters that Unicode 17 adds to those: tokenizers' Digits knows them.
std::string added_digit_ranges();

}  // namespace cohort
