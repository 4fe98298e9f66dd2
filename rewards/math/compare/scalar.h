// Equality of two scalars, tier by tier.
#pragma once

#include <optional>

#include "rewards/math/budget.h"
#include "rewards/math/compare/compare.h"
#include "rewards/math/expr.h"

namespace cohort::math {

enum class Truth : uint8_t { no, yes, unknown };

struct ScalarResult {
  Truth truth = Truth::unknown;
  Tier tier = Tier::structure;
};

// Whether the tree has a value that is a number, or would have one with numbers for its symbols.
bool is_scalar(const Expr& expr);

// As numbers or expressions, without the conventions below.
ScalarResult same_scalar(const Expr& a, const Expr& b, Budget& budget);

// With the conventions on decimals, percent, degrees and logarithms without a base.
ScalarResult compare_scalars(const Expr& gold, const Expr& answer, Budget& budget);

// The sign of a - b; nothing when it is not known (a variable, or too hard).
std::optional<int> order(const Expr& a, const Expr& b, Budget& budget);

}  // namespace cohort::math
