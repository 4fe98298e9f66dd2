// The formula that a box is a part of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort::math {

// [at, end) is the box with its command, [open, close) its content.
struct BoxPlace {
  size_t at, open, close, end;
};

// "\frac{1}{{7}}" of "= \frac{1}{\boxed{7}}": the part of the formula around the box that no
// relation, comma, row, word or delimiter parts from it, the box unwrapped. Empty when that is the
// content alone with signs, units and punctuation that do not change its value.
std::string enclosing_formula(std::string_view text, const BoxPlace& box);

}  // namespace cohort::math
