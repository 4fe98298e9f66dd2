// Lists, sets, tuples, matrices, ratios: element by element.
#include <algorithm>
#include <functional>

#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/exact.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

std::vector<Expr> elements(const Expr& expr) {
  if (expr.kind != Kind::list && expr.kind != Kind::set) return expand_signs(expr);
  std::vector<Expr> result;
  for (const Expr& child : expr.children) {
    auto values = expand_signs(child);
    std::ranges::move(values, std::back_inserter(result));
  }
  return result;
}

bool is_matrix(const Expr& expr) { return expr.kind == Kind::matrix && expr.rows > 0; }

int64_t columns(const Expr& matrix) {
  return static_cast<int64_t>(matrix.children.size()) / matrix.rows;
}

}  // namespace

Comparison Comparer::ordered(const std::vector<Expr>& gold, const std::vector<Expr>& answer) {
  if (gold.size() != answer.size()) return different(Reason::different_count);
  Tier tier = Tier::structure;
  for (size_t i = 0; i < gold.size(); ++i) {
    const Comparison result = match(gold[i], answer[i]);
    if (result.equal) {
      tier = std::max(tier, result.tier);
      continue;
    }
    const bool permuted = gold.size() <= 6 && std::ranges::is_permutation(gold, answer);
    return permuted ? different(Reason::different_order) : result;
  }
  return equal_by(tier);
}

// Every gold element has an answer of its own, and answers left over repeat one: a solution that
// is given twice is given. Where the gold repeats an element, its count counts.
Comparison Comparer::unordered(const std::vector<Expr>& gold, const std::vector<Expr>& answer) {
  if (answer.size() < gold.size()) return different(Reason::different_count);
  if (answer.size() > gold.size()) {
    for (size_t i = 0; i < gold.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (match(gold[i], gold[j]).equal) return different(Reason::different_count);
  }
  constexpr size_t kNone = static_cast<size_t>(-1);
  Tier tier = Tier::structure;
  std::vector<std::vector<bool>> same(gold.size(), std::vector<bool>(answer.size()));
  std::vector<Comparison> last(gold.size(), different(Reason::different_value));
  for (size_t j = 0; j < answer.size(); ++j) {
    bool known = false;
    for (size_t i = 0; i < gold.size(); ++i) {
      last[i] = match(gold[i], answer[j]);
      same[i][j] = last[i].equal;
      if (!last[i].equal) continue;
      known = true;
      tier = std::max(tier, last[i].tier);
    }
    if (known) continue;
    const bool extra = answer.size() != gold.size();
    if (extra) return different(Reason::different_count);
    return gold.size() == 1 ? last[0] : different(Reason::different_value);
  }
  // A matching by augmenting paths: equality within a tolerance is not transitive.
  std::vector<size_t> owner(answer.size(), kNone);
  for (size_t i = 0; i < gold.size(); ++i) {
    std::vector<bool> seen(answer.size());
    const std::function<bool(size_t)> assign = [&](size_t g) {
      for (size_t j = 0; j < answer.size(); ++j) {
        budget_.step();
        if (!same[g][j] || seen[j]) continue;
        seen[j] = true;
        if (owner[j] != kNone && !assign(owner[j])) continue;
        owner[j] = g;
        return true;
      }
      return false;
    };
    if (!assign(i)) return different(Reason::different_value);
  }
  return equal_by(tier);
}

Comparer::Maybe Comparer::collections(const Expr& gold, const Expr& answer) {
  const auto is_collection = [](const Expr& expr) {
    return expr.kind == Kind::list || expr.kind == Kind::set || contains(expr, Kind::plus_minus);
  };
  const bool a = is_collection(gold), b = is_collection(answer);
  if (gold.kind == Kind::tuple && answer.kind == Kind::tuple && !a && !b)
    return ordered(gold.children, answer.children);
  if (!a && !b) return std::nullopt;
  if ((gold.kind == Kind::tuple && answer.kind == Kind::list) ||
      (gold.kind == Kind::list && answer.kind == Kind::tuple)) {
    if (!std::ranges::any_of(gold.kind == Kind::list ? gold.children : answer.children,
                             [](const Expr& child) {
                               return child.kind == Kind::tuple || child.kind == Kind::relation;
                             }) &&
        !contains(gold, Kind::plus_minus) && !contains(answer, Kind::plus_minus))
      return ordered(gold.children, answer.children);
  }
  const auto is_set_of_its_own = [](const Expr& expr) {
    return expr.kind == Kind::interval || expr.kind == Kind::unite ||
           expr.kind == Kind::intersect || expr.kind == Kind::set_minus ||
           expr.kind == Kind::number_set || expr.kind == Kind::set_where ||
           expr.kind == Kind::empty_set;
  };
  if (is_set_of_its_own(gold) || is_set_of_its_own(answer)) return std::nullopt;
  const auto is_set_of_numbers = [](const Expr& expr) {
    return expr.kind == Kind::set && std::ranges::all_of(expr.children, is_scalar);
  };
  if ((gold.kind == Kind::tuple && is_set_of_numbers(answer)) ||
      (answer.kind == Kind::tuple && is_set_of_numbers(gold)))
    return different(Reason::different_kind);
  // Sets in a set are elements of it.
  const auto is_a_set = [](const Expr& expr) {
    return expr.kind == Kind::set || expr.kind == Kind::empty_set;
  };
  const auto parts = [&](const Expr& expr, bool sets) {
    std::vector<Expr> result;
    if (expr.kind == Kind::set)
      std::ranges::copy_if(expr.children, std::back_inserter(result),
                           [&](const Expr& child) { return is_a_set(child) == sets; });
    return result;
  };
  const auto inner = parts(gold, true), inner_of_answer = parts(answer, true);
  if (!inner.empty() || !inner_of_answer.empty()) {
    if (inner.empty() || inner_of_answer.empty()) return different(Reason::different_kind);
    const Comparison result = unordered(inner, inner_of_answer);
    if (!result.equal) return result;
    const auto rest = parts(gold, false), rest_of_answer = parts(answer, false);
    return rest.empty() && rest_of_answer.empty() ? result : unordered(rest, rest_of_answer);
  }
  const std::vector<Expr> golds = elements(gold), answers = elements(answer);
  if (golds.size() == 1 && gold.kind != Kind::list && answers.size() > 1)
    return different(Reason::several_answers);
  return unordered(golds, answers);
}

Comparer::Maybe Comparer::matrices(const Expr& gold, const Expr& answer) {
  if (!is_matrix(gold) && !is_matrix(answer)) return std::nullopt;
  if (is_matrix(gold) && is_matrix(answer)) {
    // Bars are a determinant or a norm, no matrix.
    if ((gold.text == "|") != (answer.text == "|")) return different(Reason::different_kind);
    if (gold.rows != answer.rows || gold.children.size() != answer.children.size())
      return different(Reason::different_count);
    return ordered(gold.children, answer.children);
  }
  // A vector may be written as a tuple.
  const Expr& matrix = is_matrix(gold) ? gold : answer;
  const Expr& other = is_matrix(gold) ? answer : gold;
  if (other.kind != Kind::tuple || matrix.text == "|" || (matrix.rows != 1 && columns(matrix) != 1))
    return std::nullopt;
  return ordered(gold.children, answer.children);
}

Comparer::Maybe Comparer::ratios(const Expr& gold, const Expr& answer) {
  if (gold.kind != Kind::ratio && answer.kind != Kind::ratio) return std::nullopt;
  if (gold.kind == Kind::ratio && answer.kind == Kind::ratio) {
    if (gold.children.size() != answer.children.size()) return different(Reason::different_count);
    // a : b = c : d when a d = b c, and a, c are not 0.
    const auto is_zero = [&](const Expr& expr) {
      const auto value = exact_value(expr, budget_);
      return value && value->is_zero();
    };
    size_t pivot = 0;
    while (pivot + 1 < gold.children.size() && is_zero(gold.children[pivot])) ++pivot;
    if (is_zero(answer.children[pivot])) return different(Reason::different_value);
    Tier tier = Tier::structure;
    for (size_t i = 0; i < gold.children.size(); ++i) {
      const Expr left = make(Kind::multiply, {gold.children[pivot], answer.children[i]});
      const Expr right = make(Kind::multiply, {gold.children[i], answer.children[pivot]});
      const Comparison result = match(left, right);
      if (!result.equal) return result;
      tier = std::max(tier, result.tier);
    }
    return equal_by(tier);
  }
  const Expr& ratio = gold.kind == Kind::ratio ? gold : answer;
  const Expr& other = gold.kind == Kind::ratio ? answer : gold;
  if (ratio.children.size() != 2 || !is_scalar(other)) return std::nullopt;
  const Expr quotient = make(Kind::divide, ratio.children);
  return gold.kind == Kind::ratio ? match(quotient, answer) : match(gold, quotient);
}

}  // namespace cohort::math
