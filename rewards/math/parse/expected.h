// What the gold answer says of how an answer is to be read where its notation has two meanings:
// "2h30m" is a duration where hours are asked for, and a product elsewhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rewards/math/expr.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

struct Expected {
  // Of the gold's units, when all of them have one: letters and primes behind numbers are units of
  // it.
  std::optional<Dimension> dimension = {};
  uint8_t kind = 0;         // Unit::kind of the gold's unit
  bool one_number = false;  // one number, with or without a unit

  bool is_of(Base base) const { return dimension && (*dimension)[base] != 0; }
  bool any() const { return dimension || one_number; }
};

Expected expected_of(const Expr& gold);

// "3,14" with a decimal point, "12,34,567" without separators: where one number is asked for, what
// else would be a list. The text itself when it is neither.
std::string as_one_number(std::string_view text);

// The unit of a word where this is expected: "m" is a minute among durations, "pounds" are money
// among pounds sterling. Null: no unit.
const Unit* find_unit(std::string_view word, const Expected& expected);

}  // namespace cohort::math
