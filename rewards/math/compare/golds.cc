// Gold answers that nothing but their own repetition can equal.
#include <algorithm>

#include "rewards/math/compare/algebra.h"
#include "rewards/math/compare/compare.h"
#include "rewards/math/compare/normalize.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

bool is_arithmetic(const Expr& expr) {
  switch (expr.kind) {
    case Kind::add:
    case Kind::multiply:
    case Kind::negate:
    case Kind::divide:
    case Kind::power:
    case Kind::root:
    case Kind::factorial:
    case Kind::absolute:
    case Kind::function:
      return true;
    default:
      return false;
  }
}

bool holds_unknown(const Algebra& algebra, const Poly& poly) {
  return std::ranges::any_of(poly.terms, [&](const Term& term) {
    return std::ranges::any_of(term.monomial, [&](const Factor& factor) {
      const Atom& atom = algebra.atom(factor.atom);
      const bool unknown =
          atom.kind == AtomKind::function &&
          (atom.name == "sum" || atom.name == "prod" || atom.name == "int" || atom.name == "lim");
      return unknown || std::ranges::any_of(atom.args, [&](const Poly& arg) {
               return holds_unknown(algebra, arg);
             });
    });
  });
}

// A sum, integral or limit that no rule works out.
bool is_left_open(const Expr& expr, Budget& budget) {
  Algebra algebra(budget);
  try {
    return holds_unknown(algebra, Normalizer(algebra, Reading{})(expr));
  } catch (const Undefined&) {
    return true;
  } catch (const NoScalar&) {
    return true;
  }
}

}  // namespace

bool is_equal_to_itself_alone(const Expr& gold, Budget& budget) {
  use_flint_in_this_thread();
  return any_node(gold, [&](const Expr& node) {
    if (node.kind == Kind::integral_like) return is_left_open(node, budget);
    return is_arithmetic(node) && contains(node, Expr{Kind::symbol, "..."});
  });
}

}  // namespace cohort::math
