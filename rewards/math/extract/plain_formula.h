// A formula in prose without delimiters, around a number of it: "3x + 2", "13/28", "(3, 4)".
#pragma once

#include <cstddef>
#include <string_view>

namespace cohort::math {

struct Extent {
  size_t first, last;
};

// The formula that the number belongs to: its neighbours that are operators, brackets, numbers,
// single letters and names of functions, over blanks beside operators alone, not over '='. Nothing
// before `lowest` is taken; nothing behind the number unless `to_the_right`. Empty where the number
// is part of a word ("H2O", "x_2").
Extent plain_formula(std::string_view text, Extent number, size_t lowest, bool to_the_right);

}  // namespace cohort::math
