// Small questions about trees, and trees made from others.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rewards/math/budget.h"
#include "rewards/math/compare/rational.h"
#include "rewards/math/expr.h"

namespace cohort::math {

Expr make(Kind kind, std::vector<Expr> children, std::string text = {});
Expr make_number(const Rational& value);
Expr make_negative(Expr value);

template <typename Predicate>
bool any_node(const Expr& expr, const Predicate& predicate) {
  if (predicate(expr)) return true;
  for (const Expr& child : expr.children)
    if (any_node(child, predicate)) return true;
  return false;
}

bool contains(const Expr& expr, Kind kind);
bool contains(const Expr& expr, const Expr& part);
// No variable and no unknown function in it.
bool is_closed(const Expr& expr);

// A letter that stands for a whole number where it is the exponent of -1: j, k, l, m, n.
bool is_counting_letter(const std::string& name);

// The values that plus-minus signs stand for, each once; itself when there is none. Signs go
// together when a minus-plus is among them; else each is free. Throws BudgetExhausted when there
// are too many.
std::vector<Expr> expand_signs(const Expr& expr);

// A known quantity's name: a variable, f(2), sin A, a segment AB, |AB|, a quotient or ratio of
// such, a tuple of variables, words. Not an expression to be solved: x + y, xy, x^2, 2x.
bool is_name(const Expr& expr);

// What a chain of '=' and '~' says about its name: "x = 5", "5 = x", "AB = 2 + 3 = 5". `values` are
// what it may be said to be: all closed parts that agree, the last one first.
struct Assigned {
  const Expr* name = nullptr;  // null: a chain of closed parts alone
  std::vector<const Expr*> values;
};
// Nothing for any other relation, and for a chain whose closed parts contradict each other unless
// `trusted` (the gold): then its last part counts.
std::optional<Assigned> assigned(const Expr& relation, bool trusted, Budget& budget);

}  // namespace cohort::math
