// Numbers written with digits, fractions, signs, percent and whole powers, computed exactly and
// without a normal form: what most answers are.
#pragma once

#include <optional>

#include "rewards/math/budget.h"
#include "rewards/math/compare/rational.h"
#include "rewards/math/expr.h"

namespace cohort::math {

// How the scalars of a pair are read.
struct Reading {
  bool log_is_ten = false;  // a logarithm as written, without a base; else natural
  bool degrees_are_radians =
      false;                   // 180 degrees is pi; else 180. Within functions it is pi always
  bool evaluate_sums = true;   // with whole numbers for bounds
  bool whole_letters = false;  // j, k, l, m, n are whole numbers
};

// Nothing when the tree holds anything else, divides by 0, or has a number with more digits than
// the budget has.
std::optional<Rational> exact_value(const Expr& expr, const Budget& budget);

// "0.1(6)" is 1/6.
std::optional<Rational> repeating_value(const std::string& text, const Budget& budget);

// A decimal as written, with the unit of its last place: "-3.50", "1.2 * 10^5", "12.5%". Not for
// numbers without a point.
struct Decimal {
  Rational value;
  Rational last_place;
};
std::optional<Decimal> written_decimal(const Expr& expr, const Budget& budget);

}  // namespace cohort::math
