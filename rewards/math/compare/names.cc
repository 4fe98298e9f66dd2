// Which side of an equation is the name of what is asked, and what it is said to be.
#include <algorithm>

#include "rewards/math/compare/ball.h"
#include "rewards/math/compare/scalar.h"
#include "rewards/math/compare/tree.h"
#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

// A point: A, B', P_1.
bool is_point(const Expr& expr) {
  return expr.kind == Kind::symbol && !expr.text.empty() && is_capital(expr.text[0]);
}

// AB, m angle ABC, triangle ABC.
bool is_figure(const Expr& expr) {
  if (expr.kind != Kind::multiply) return false;
  bool points = false;
  for (const Expr& child : expr.children) {
    if (is_point(child)) {
      points = true;
    } else if (points || child.kind != Kind::symbol ||
               (child.text.size() == 1 && child.text != "m" && child.text != "S")) {
      return false;
    }
  }
  return points;
}

}  // namespace

bool is_name(const Expr& expr) {
  switch (expr.kind) {
    case Kind::symbol:
      return expr.text != "...";
    case Kind::apply:
    case Kind::words:
      return true;
    case Kind::multiply:
      return is_figure(expr);
    case Kind::absolute:
      return is_figure(expr.children[0]) || expr.children[0] == Expr{Kind::symbol, "z"};
    case Kind::divide:
    case Kind::ratio:
    case Kind::function:
      return std::ranges::all_of(expr.children, is_name);
    case Kind::tuple:
      return std::ranges::all_of(expr.children,
                                 [](const Expr& child) { return child.kind == Kind::symbol; });
    default:
      return false;
  }
}

namespace {

// Whether two closed parts of a chain can be said to be the same: equal, or one rounds to the
// other.
bool agree(const Expr& part, const Expr& last, Budget& budget) {
  if (part == last) return true;
  if (!is_scalar(part) || !is_scalar(last)) return false;
  if (same_scalar(part, last, budget).truth == Truth::yes) return true;
  for (const auto& [exact, rounded] : {std::pair(&part, &last), std::pair(&last, &part)}) {
    const auto decimal = written_decimal(*rounded, budget);
    if (!decimal) continue;
    // What is no decimal itself may be cut off.
    const bool both = written_decimal(*exact, budget).has_value();
    const Rational bound = both ? decimal->last_place / Rational(2) : decimal->last_place;
    if (ball_distance(*exact, decimal->value, bound, Reading{}, budget) == -1) return true;
  }
  return false;
}

}  // namespace

std::optional<Assigned> assigned(const Expr& relation, bool trusted, Budget& budget) {
  if (relation.kind != Kind::relation || relation.text.find_first_not_of("=~") != std::string::npos)
    return std::nullopt;
  const auto& parts = relation.children;
  Assigned result;
  if (parts.size() == 2 && !is_name(parts[0]) && is_name(parts[1]) && is_closed(parts[0])) {
    result.name = &parts[1];
    result.values = {&parts[0]};
    return result;
  }
  const bool named = is_name(parts[0]) || parts[0].kind == Kind::choice;
  if (named) {
    result.name = &parts[0];
  } else if (!is_closed(parts[0]) && !trusted) {
    return std::nullopt;
  } else if (parts.size() == 2 && (!is_closed(parts[0]) || !is_closed(parts[1]))) {
    return std::nullopt;  // an equation
  }
  const Expr& last = parts.back();
  result.values = {&last};
  if (named && last.kind != Kind::tuple && contains(last, parts[0])) return std::nullopt;
  bool consistent = true;
  for (size_t i = named ? 1 : 0; i + 1 < parts.size(); ++i) {
    if (is_name(parts[i]) || !is_closed(parts[i]) || !is_closed(last)) continue;
    if (agree(parts[i], last, budget)) {
      result.values.push_back(&parts[i]);
    } else {
      consistent = false;
    }
  }
  if (!consistent) {
    if (!trusted) return std::nullopt;
    result.values.resize(1);
  }
  return result;
}

}  // namespace cohort::math
