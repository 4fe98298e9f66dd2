// Numbers as people write them: separators of thousands, decimal points and commas, powers of ten,
// repeating digits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort::math {

struct NumberContext {
  // Inside brackets a bare comma parts elements: "(1,234)" is a pair.
  bool comma_parts = false;
  // Elements are parted by ';', so that a comma between digits is a decimal comma.
  bool decimal_comma = false;
  bool script = false;  // right behind ^ or _: "\\log_2 128" has no thousands
};

struct ScannedNumber {
  std::string text;  // as of Kind::number, or of Kind::repeating
  bool repeating = false;
  std::string exponent;  // of a power of ten, with its sign; empty: none
  size_t end = 0;        // the byte behind
};

// `text[at]` is a digit, or a '.' before a digit.
ScannedNumber scan_number(std::string_view text, size_t at, const NumberContext& context);

}  // namespace cohort::math
