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
  const Expr a = parsed(gold, budget), b = parsed(answer, budget);
  return compare(a, b, budget);
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
