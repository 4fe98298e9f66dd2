// Answers as text, parsed and compared.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rewards/math/compare/compare.h"
#include "rewards/math/parse/parse.h"

namespace cohort::math {

inline Expr parsed(std::string_view text, Budget& budget) {
  Parsed result = parse_answer(text, budget);
  EXPECT_TRUE(result.expr) << text << ": " << result.error;
  return result.expr ? std::move(*result.expr) : Expr{};
}

inline Expr parsed(std::string_view text) {
  Budget budget;
  return parsed(text, budget);
}

inline Comparison judge(std::string_view gold, std::string_view answer) {
  Budget budget;
  const Expr a = parsed(gold, budget);
  const Parsed plain = parse_answer(answer, budget);
  const Parsed again = parse_answer(answer, budget, expected_of(a));
  EXPECT_TRUE(plain.expr || again.expr) << answer << ": " << plain.error;
  Comparison result{false, Reason::answer_unparsable};
  if (plain.expr) result = compare(a, *plain.expr, budget);
  if (result.equal || !again.expr || again.expr == plain.expr) return result;
  const Comparison second = compare(a, *again.expr, budget);
  return second.equal ? second : result;
}

// "correct", or the reason.
inline std::string verdict(std::string_view gold, std::string_view answer) {
  try {
    const Comparison result = judge(gold, answer);
    return result.equal ? "correct" : reason_name(result.reason);
  } catch (const BudgetExhausted&) {
    return "budget_exhausted";
  }
}

}  // namespace cohort::math
