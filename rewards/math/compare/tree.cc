#include "rewards/math/compare/tree.h"

#include <algorithm>

namespace cohort::math {

Expr make(Kind kind, std::vector<Expr> children, std::string text) {
  return {kind, std::move(text), std::move(children)};
}

Expr make_number(const Rational& value) {
  const auto whole = [](const Rational& n) { return Expr{Kind::number, n.to_string()}; };
  Expr size = whole(value.numerator().abs());
  if (!value.is_integer()) size = make(Kind::divide, {std::move(size), whole(value.denominator())});
  return value.sign() < 0 ? make_negative(std::move(size)) : size;
}

Expr make_negative(Expr value) { return make(Kind::negate, {std::move(value)}); }

bool contains(const Expr& expr, Kind kind) {
  return any_node(expr, [&](const Expr& node) { return node.kind == kind; });
}

bool contains(const Expr& expr, const Expr& part) {
  return any_node(expr, [&](const Expr& node) { return node == part; });
}

bool is_closed(const Expr& expr) {
  return !any_node(expr, [](const Expr& node) {
    return node.kind == Kind::symbol || node.kind == Kind::apply || node.kind == Kind::words ||
           node.kind == Kind::choice;
  });
}

bool is_counting_letter(const std::string& name) {
  return name.size() == 1 && name[0] >= 'j' && name[0] <= 'n';
}

namespace {

constexpr size_t kMaxSigns = 4;

// Replaces each plus-minus, in the order of writing, by the sign that `signs` has for it.
Expr with_signs(const Expr& expr, const std::vector<bool>& signs, size_t& next) {
  if (expr.kind == Kind::plus_minus) {
    const bool negative = signs[next++];
    std::vector<Expr> operands;
    for (const Expr& child : expr.children) operands.push_back(with_signs(child, signs, next));
    if (negative) operands.back() = make_negative(std::move(operands.back()));
    if (operands.size() == 1) return std::move(operands[0]);
    return make(Kind::add, std::move(operands));
  }
  Expr result{expr.kind, expr.text, {}, expr.rows};
  result.children.reserve(expr.children.size());
  for (const Expr& child : expr.children) result.children.push_back(with_signs(child, signs, next));
  return result;
}

void collect_signs(const Expr& expr, std::vector<bool>& minus_first) {
  if (expr.kind == Kind::plus_minus) minus_first.push_back(expr.text == "-+");
  for (const Expr& child : expr.children) collect_signs(child, minus_first);
}

}  // namespace

std::vector<Expr> expand_signs(const Expr& expr) {
  if (!contains(expr, Kind::plus_minus)) return {expr};
  std::vector<bool> minus_first;
  collect_signs(expr, minus_first);
  const size_t n = minus_first.size();
  const bool together = std::ranges::find(minus_first, true) != minus_first.end();
  if (!together && n > kMaxSigns) throw BudgetExhausted(BudgetSpent::nodes);
  std::vector<Expr> result;
  for (size_t choice = 0; choice < (together ? size_t{2} : size_t{1} << n); ++choice) {
    std::vector<bool> signs(n);
    for (size_t i = 0; i < n; ++i)
      signs[i] = together ? minus_first[i] != (choice == 1) : (choice >> i & 1) != 0;
    size_t next = 0;
    result.push_back(with_signs(expr, signs, next));
  }
  return result;
}

}  // namespace cohort::math
