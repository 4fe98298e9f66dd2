#include "launch/commands/grade_explain.h"

#include <nlohmann/json.hpp>

#include "rewards/math/parse/parse.h"
#include "rewards/math/verify.h"

namespace cohort {
namespace {

// The canonical form is work of its own, which may not fit the budget.
std::string canonical(const math::Expr& expr) {
  try {
    math::Budget budget;
    return math::canonical_text(expr, budget);
  } catch (const math::BudgetExhausted&) {
    return "budget_exhausted";
  }
}

nlohmann::json side(const std::string& text, const std::optional<math::Expr>& expr) {
  nlohmann::json out = {{"text", text}};
  if (expr) {
    out["tree"] = math::to_text(*expr);
    out["canonical"] = canonical(*expr);
  }
  return out;
}

}  // namespace

void explain_math(const RewardInput& input, nlohmann::json& out) {
  const math::Verification verified =
      math::verify(input.answer, input.completion, {.truncated = input.truncated});
  out["gold"] = side(verified.gold_text, verified.gold);
  out["answer"] = side(verified.answer_text, verified.answer);
  if (verified.gold && verified.answer) out["tier"] = math::tier_name(verified.tier);
}

}  // namespace cohort
