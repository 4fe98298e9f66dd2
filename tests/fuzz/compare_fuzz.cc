// Two answers, a line each: the comparator ends within its budget; a tree equals itself in another
// order; and scalars that are said to be equal are not told apart by balls.
#include <algorithm>
#include <set>
#include <vector>

#include "rewards/math/compare/ball.h"
#include "rewards/math/compare/compare.h"
#include "rewards/math/compare/scalar.h"
#include "rewards/math/compare/tree.h"
#include "rewards/math/parse/parse.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace cohort::math;

std::optional<Expr> parsed(std::string_view text, Budget& budget, const Expected& expected = {}) {
  return parse_answer(text, budget, expected).expr;
}

// No convention applies to it that allows equality beyond the value's.
bool is_strict(const Expr& expr) {
  return is_scalar(expr) && !any_node(expr, [](const Expr& node) {
           return (node.kind == Kind::number && node.text.find('.') != std::string::npos) ||
                  node.kind == Kind::percent || node.kind == Kind::degrees ||
                  node.kind == Kind::based || node.kind == Kind::integral_like ||
                  (node.kind == Kind::symbol && node.text.starts_with("C_")) ||
                  (node.kind == Kind::function && node.text == "log" && node.children.size() == 1);
         });
}

void check_equal(const Expr& a, const Expr& b) {
  std::set<std::string> symbols;
  const auto collect = [&](const Expr& node) {
    if (node.kind == Kind::symbol) symbols.insert(node.text);
    return false;
  };
  any_node(a, collect);
  any_node(b, collect);
  std::vector<Assignment> point;
  int64_t n = 37;
  for (const std::string& symbol : symbols) {
    point.push_back({symbol, Rational(n, 53)});
    n += 29;
  }
  Budget budget;
  const bool complex = any_node(a, [](const Expr& node) { return node.text == "i"; }) ||
                       any_node(b, [](const Expr& node) { return node.text == "i"; });
  try {
    must(compare_at(a, b, point, complex, 128, Reading{}, budget) != BallVerdict::different,
         "equal, and told apart by balls");
  } catch (const BudgetExhausted&) {
  }
}

void check(const Expr& gold, const Expr& answer, const BudgetLimits& limits) {
  Budget budget(limits);
  try {
    const Comparison result = compare(gold, answer, budget);
    must(result.equal == (result.reason == cohort::Reason::ok), "a reason beside the verdict");
    if (result.equal && is_strict(gold) && is_strict(answer)) check_equal(gold, answer);
    canonical_text(answer, budget);
  } catch (const BudgetExhausted&) {
  }
}

// A scalar is not proven to differ from itself plus 0.
void check_itself(const Expr& expr, const BudgetLimits& limits) {
  if (!is_strict(expr)) return;
  Budget budget(limits);
  try {
    const Expr shifted = make(Kind::add, {Expr{Kind::number, "0"}, expr});
    must(compare(expr, shifted, budget).reason != cohort::Reason::different_value,
         "not equal to itself plus 0");
  } catch (const BudgetExhausted&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\n'), size);
  BudgetLimits limits;
  std::optional<Expr> gold, answer, expected_answer;
  try {
    Budget budget(limits);
    gold = parsed(text.substr(0, end), budget);
    if (end < size) answer = parsed(text.substr(end + 1), budget);
    if (gold && end < size)
      expected_answer = parsed(text.substr(end + 1), budget, expected_of(*gold));
  } catch (const BudgetExhausted&) {
  }
  if (!gold) return 0;
  {
    const InTime in_time;
    check_itself(*gold, limits);
  }
  if (expected_answer) {
    const InTime in_time;
    check(*gold, *expected_answer, limits);
  }
  if (!answer) return 0;
  {
    const InTime in_time;
    check(*gold, *answer, limits);
  }
  const InTime in_time;
  check(*answer, *gold, limits);
  return 0;
}
