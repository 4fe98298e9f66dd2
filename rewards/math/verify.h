// Judges a completion against a gold answer: where the answers stand, what they say, whether they
// are the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rewards/math/budget.h"
#include "rewards/math/compare/compare.h"
#include "rewards/math/expr.h"
#include "rewards/reward.h"

namespace cohort::math {

struct VerifyOptions {
  BudgetLimits limits = {};  // of each: the gold text, the answer's text, their comparison
  bool truncated = false;    // the completion was cut by the length limit
};

struct Verification {
  RewardResult result;                 // its `extracted` is `answer_text`
  std::string gold_text, answer_text;  // as extracted
  std::optional<Expr> gold, answer;    // as read
  Tier tier = Tier::structure;         // that decided, when both were read
};

// Never throws but for want of memory. A gold that cannot be read, or not within the budget, is
// undecided; an answer incorrect.
Verification verify(std::string_view gold, std::string_view completion,
                    const VerifyOptions& options = {});

// A gold text against itself: correct, or undecided with the reason why nothing can equal it.
// Correct with not_simplifiable: nothing but its own repetition can.
Verification verify_gold(std::string_view gold, const VerifyOptions& options = {});

}  // namespace cohort::math
