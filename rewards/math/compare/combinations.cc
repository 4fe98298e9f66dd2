// C(n, k), P(n, k) and C_n^k, which are products of a letter and a pair (a power of a letter) to
// the parser.
#include <algorithm>

#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/exact.h"
#include "rewards/math/compare/scalar.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

bool is_letter_and_pair(const Expr& letter, const Expr& pair) {
  return letter.kind == Kind::symbol && (letter.text == "C" || letter.text == "P") &&
         pair.kind == Kind::tuple && pair.children.size() == 2 &&
         std::ranges::all_of(pair.children, is_scalar);
}

// Whole numbers 2 <= n, 0 <= k <= n.
bool counts(const Expr& n, const Expr& k, const Budget& budget) {
  const auto a = exact_value(n, budget), b = exact_value(k, budget);
  return a && b && a->is_integer() && b->is_integer() && *a >= Rational(2) && *b >= Rational(0) &&
         *b <= *a;
}

// Of power(C_10, 3).
std::optional<Expr> with_index(const Expr& expr, const Budget& budget) {
  if (expr.kind != Kind::power || expr.children[0].kind != Kind::symbol) return std::nullopt;
  const std::string& name = expr.children[0].text;
  if (!name.starts_with("C_")) return std::nullopt;
  const std::string digits = name.substr(2);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  const Expr n{Kind::number, digits};
  if (!counts(n, expr.children[1], budget)) return std::nullopt;
  return make(Kind::function, {n, expr.children[1]}, "binom");
}

}  // namespace

Expr with_combinations(const Expr& expr, const Budget& budget) {
  if (auto binomial = with_index(expr, budget)) return *binomial;
  Expr result{expr.kind, expr.text, {}, expr.rows};
  for (size_t i = 0; i < expr.children.size(); ++i) {
    const Expr& child = expr.children[i];
    if (expr.kind != Kind::multiply || i + 1 == expr.children.size() ||
        !is_letter_and_pair(child, expr.children[i + 1])) {
      result.children.push_back(with_combinations(child, budget));
      continue;
    }
    const Expr &n = expr.children[i + 1].children[0], &k = expr.children[i + 1].children[1];
    Expr binomial = make(Kind::function, {n, k}, "binom");
    if (child.text == "C") {
      result.children.push_back(std::move(binomial));
      ++i;
    } else if (counts(n, k, budget)) {
      result.children.push_back(std::move(binomial));
      result.children.push_back(make(Kind::factorial, {k}, "!"));
      ++i;
    } else {
      result.children.push_back(child);
    }
  }
  if (result.kind == Kind::multiply && result.children.size() == 1) {
    Expr only = std::move(result.children.front());
    return only;
  }
  return result;
}

}  // namespace cohort::math
