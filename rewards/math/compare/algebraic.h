// Closed expressions compared exactly (Calcium): algebraic numbers, pi, logarithms, exponentials.
#pragma once

#include <optional>

#include "rewards/math/budget.h"
#include "rewards/math/compare/exact.h"
#include "rewards/math/expr.h"

namespace cohort::math {

// Whether two closed expressions are equal; nothing when it cannot be proven either way, or when
// they are larger than what is decided in milliseconds.
std::optional<bool> equal_constants(const Expr& a, const Expr& b, const Reading& reading,
                                    Budget& budget);

}  // namespace cohort::math
