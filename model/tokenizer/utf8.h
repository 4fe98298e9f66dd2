// UTF-8, valid and not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort {

// Length of the UTF-8 sequence that starts here; 0 when it is not valid (then `skip` bytes are one
// broken piece, as Unicode's "substitution of maximal subparts" counts them). code_point is set
// when valid.
struct Utf8Step {
  size_t length = 0;
  size_t skip = 1;
  char32_t code_point = 0;
};
Utf8Step next_utf8(std::string_view text, size_t position);
// The last character before `position` of valid UTF-8; empty at the beginning.
std::string_view utf8_before(std::string_view text, size_t position);
// Where the first sequence that is not valid begins; npos when there is none.
size_t first_invalid_utf8(std::string_view text);
// Bytes at the end that may begin a character whose rest is yet to come: 0 to 3.
size_t unfinished_utf8(std::string_view text);
// Invalid pieces become U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace cohort
