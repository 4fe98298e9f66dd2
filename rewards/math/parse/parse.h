// Reads an answer, LaTeX or plain text, into a tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rewards/math/budget.h"
#include "rewards/math/expr.h"
#include "rewards/math/parse/expected.h"

namespace cohort::math {

struct Parsed {
  std::optional<Expr> expr;  // empty: not readable
  std::string error = {};    // what was expected, at which byte, when not readable
};

// `text` is an answer alone (the content of a box, say), with or without math delimiters. Linear in
// its length. Throws BudgetExhausted. Never guesses: text that is no mathematics and no plain words
// is not readable. `expected`: what its notation means where that depends on the question.
Parsed parse_answer(std::string_view text, Budget& budget, const Expected& expected = {});

// One line, for people and for --explain: "add(power(x, 2), negate(1))".
std::string to_text(const Expr& expr);

}  // namespace cohort::math
