// Whether two answers are the same (docs/rewards.md has the conventions as one table).
#pragma once

#include <string>

#include "rewards/math/budget.h"
#include "rewards/math/expr.h"
#include "rewards/reason.h"

namespace cohort::math {

enum class Tier : uint8_t { structure, exact, normal_form, algebraic, ball };
const char* tier_name(Tier tier);

struct Comparison {
  bool equal = false;
  Reason reason = Reason::ok;   // ok iff equal
  Tier tier = Tier::structure;  // the tier that decided
};

// Not symmetric where a convention looks at the gold alone (its percent sign, its decimals, its
// being an assignment). Throws BudgetExhausted. A pair that no tier decides is not equal, with
// not_simplifiable.
Comparison compare(const Expr& gold, const Expr& answer, Budget& budget);

// The canonical form that tiers after `structure` compare, for --explain.
std::string canonical_text(const Expr& expr, Budget& budget);

// Whether nothing but its own repetition can equal a gold answer: it has a limit, an integral or a
// sum that no rule works out, or an ellipsis that is calculated with. Throws BudgetExhausted.
bool is_equal_to_itself_alone(const Expr& gold, Budget& budget);

}  // namespace cohort::math
