// Values in rigorous ball arithmetic (Arb). A ball that excludes 0 proves a difference; one that
// contains it proves nothing.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "rewards/math/budget.h"
#include "rewards/math/compare/exact.h"
#include "rewards/math/compare/rational.h"
#include "rewards/math/expr.h"

namespace cohort::math {

struct Assignment {
  std::string symbol;
  Rational value;
};

enum class BallVerdict : uint8_t {
  different,  // proven
  near,       // their difference contains 0, and is under 2^-200 of the larger
  unsure,     // contains 0, with a wide ball
  one_sided,  // one is real, the other proven not to be
  no_value,   // infinite there, or not real where it is to be
  no_rule,    // a function that is not known
};

// a - b at a point, with `bits` of precision. Variables are real: unless `complex`, a root or
// logarithm of what may be negative has no value.
BallVerdict compare_at(const Expr& a, const Expr& b, std::span<const Assignment> point,
                       bool complex, int64_t bits, const Reading& reading, Budget& budget);

// Whether an expression is a real number at a point.
enum class Presence : uint8_t {
  real,
  none,     // proven: a part of it has no real value
  unknown,  // infinite, or too near to a place where it is
  no_rule,
};
Presence presence_at(const Expr& expr, std::span<const Assignment> point, const Reading& reading,
                     Budget& budget);
// Proven to be below 0 there.
bool is_negative_at(const Expr& expr, std::span<const Assignment> point, const Reading& reading,
                    Budget& budget);

// The sign of a closed real expression; nothing when the ball contains 0 or has no value.
std::optional<int> ball_sign(const Expr& expr, const Reading& reading, Budget& budget);
// |a - b| against a bound: -1 below, 1 above, nothing when the balls cannot tell.
std::optional<int> ball_distance(const Expr& a, const Rational& b, const Rational& bound,
                                 const Reading& reading, Budget& budget);
std::optional<Rational> ball_floor(const Expr& expr, const Reading& reading, Budget& budget);

}  // namespace cohort::math
