// Numbers in words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rewards/math/expr.h"

namespace cohort::math {

// "twenty-five", "minus two thirds", "two and a half", "three point one four"; the numbers up to
// twenty in some other languages; Chinese and Japanese numerals. `words` is in lower case with
// single blanks. Nothing for anything else: ordinals, and what can be read in two ways ("ten
// thousandths").
std::optional<Expr> spoken_number(std::string_view words);

// A number in words and units or a percent sign behind it, as digits and the same words: "2.5
// hours" of "two and a half hours". Nothing for anything else.
std::optional<std::string> with_digits(std::string_view words);

}  // namespace cohort::math
