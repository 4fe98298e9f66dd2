#include "rewards/math/compare/compare.h"

#include <algorithm>

#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/rational.h"
#include "rewards/math/compare/tree.h"
#include "rewards/math/parse/characters.h"

namespace cohort::math {

const char* tier_name(Tier tier) {
  switch (tier) {
    case Tier::structure:
      return "structure";
    case Tier::exact:
      return "exact";
    case Tier::normal_form:
      return "normal_form";
    case Tier::algebraic:
      return "algebraic";
    case Tier::ball:
      return "ball";
  }
  return "?";
}

int infinity_sign(const Expr& expr) {
  if (expr.kind == Kind::constant && expr.text == "inf") return 1;
  if (expr.kind == Kind::negate) return -infinity_sign(expr.children[0]);
  return 0;
}

Comparison Comparer::scalars(const Expr& gold, const Expr& answer) {
  const ScalarResult result = compare_scalars(gold, answer, budget_);
  switch (result.truth) {
    case Truth::yes:
      return equal_by(result.tier);
    case Truth::no:
      return different(Reason::different_value, result.tier);
    case Truth::unknown:
      return different(Reason::not_simplifiable, result.tier);
  }
  return different(Reason::not_simplifiable);
}

namespace {

// The letters that a product of symbols spells: $odd$.
std::optional<std::string> spelled(const Expr& expr) {
  if (expr.kind == Kind::words) return expr.text;
  if (expr.kind == Kind::symbol || expr.kind == Kind::choice ||
      (expr.kind == Kind::constant && expr.text.size() == 1)) {
    return lower_case(expr.text);
  }
  if (expr.kind != Kind::multiply) return std::nullopt;
  std::string result;
  for (const Expr& child : expr.children) {
    if (child.kind == Kind::words) return std::nullopt;
    const auto letter = spelled(child);
    if (!letter) return std::nullopt;
    result += *letter;
  }
  return result;
}

// "red and blue", or a list of such texts: its parts.
bool split_words(const Expr& expr, std::vector<std::string>& parts) {
  if (expr.kind == Kind::list || expr.kind == Kind::set)
    return std::ranges::all_of(expr.children,
                               [&](const Expr& child) { return split_words(child, parts); });
  if (expr.kind != Kind::words) return false;
  static constexpr std::string_view kAnd = " and ";
  size_t start = 0;
  for (size_t end = 0; end != std::string::npos; start = end + kAnd.size()) {
    end = expr.text.find(kAnd, start);
    parts.push_back(expr.text.substr(start, end == std::string::npos ? end : end - start));
  }
  return true;
}

}  // namespace

Comparer::Maybe Comparer::worded_lists(const Expr& gold, const Expr& answer) {
  std::vector<std::string> a, b;
  if (!split_words(gold, a) || a.size() < 2 || !split_words(answer, b)) return std::nullopt;
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b ? Maybe(equal_by(Tier::structure)) : std::nullopt;
}

Comparer::Maybe Comparer::words(const Expr& gold, const Expr& answer) const {
  if (gold.kind != Kind::words && answer.kind != Kind::words) return std::nullopt;
  const auto a = spelled(gold), b = spelled(answer);
  if (!a || !b) return std::nullopt;
  if (*a == *b) return equal_by(Tier::structure);
  return different(Reason::different_text);
}

Comparer::Maybe Comparer::choices(const Expr& gold, const Expr& answer) {
  // "(B) 12": the letter or the value.
  const auto labelled = [](const Expr& expr) {
    return expr.kind == Kind::relation && expr.text == "=" && expr.children[0].kind == Kind::choice;
  };
  const auto is_letter = [](const Expr& expr) {
    return expr.kind == Kind::choice ||
           (expr.kind == Kind::symbol && expr.text.size() == 1 && is_capital(expr.text[0]));
  };
  if (labelled(gold) && labelled(answer)) {
    if (gold.children[0] != answer.children[0]) return different(Reason::different_value);
    return match(gold.children[1], answer.children[1]);
  }
  if (labelled(gold)) return match(gold.children[is_letter(answer) ? 0 : 1], answer);
  if (labelled(answer)) return match(gold, answer.children[is_letter(gold) ? 0 : 1]);
  if (!is_letter(gold) || !is_letter(answer)) return std::nullopt;
  if (gold.kind != Kind::choice && answer.kind != Kind::choice) return std::nullopt;
  if (gold.text == answer.text) return equal_by(Tier::structure);
  return different(Reason::different_value);
}

Comparer::Maybe Comparer::points_at_infinity(const Expr& gold, const Expr& answer) const {
  const int a = infinity_sign(gold), b = infinity_sign(answer);
  const auto is_undefined = [](const Expr& expr) {
    return expr.kind == Kind::constant && expr.text == "undefined";
  };
  if (a != 0 && b != 0)
    return a == b ? equal_by(Tier::structure) : different(Reason::different_value);
  if ((a != 0 || is_undefined(gold)) && (is_scalar(answer) || b != 0 || is_undefined(answer)))
    return different(Reason::different_value);
  if ((b != 0 || is_undefined(answer)) && is_scalar(gold))
    return different(Reason::different_value);
  return std::nullopt;
}

Comparison Comparer::match(const Expr& gold, const Expr& answer) {
  budget_.step();
  if (gold == answer) return equal_by(Tier::structure);
  if (is_scalar(gold) && is_scalar(answer)) {
    if (auto result = choices(gold, answer)) return *result;
    return scalars(gold, answer);
  }
  using Rule = Maybe (Comparer::*)(const Expr&, const Expr&);
  static constexpr Rule kRules[] = {
      &Comparer::ranges,    &Comparer::letter_lists, &Comparer::worded_lists,
      &Comparer::choices,   &Comparer::quantities,   &Comparer::solutions,
      &Comparer::relations, &Comparer::collections,  &Comparer::sets,
      &Comparer::matrices,  &Comparer::ratios};
  for (const Rule rule : kRules)
    if (auto result = (this->*rule)(gold, answer)) return *result;
  if (auto result = words(gold, answer)) return *result;
  if (auto result = points_at_infinity(gold, answer)) return *result;
  return different(gold.kind == answer.kind ? Reason::different_value : Reason::different_kind);
}

namespace {

bool names_counts(const Expr& expr) {
  return any_node(expr, [](const Expr& node) {
    return node.kind == Kind::symbol &&
           (node.text == "C" || node.text == "P" || node.text.starts_with("C_"));
  });
}

}  // namespace

Comparison compare(const Expr& gold, const Expr& answer, Budget& budget) {
  use_flint_in_this_thread();
  if (gold == answer) return equal_by(Tier::structure);
  Comparer comparer(budget);
  // An answer that repeats "the determinant of ..." has not found it.
  const bool determinants = has_determinants(gold);
  Expr a = prepared(gold, true, budget), b = prepared(answer, determinants, budget);
  if (names_counts(a) && is_scalar(b) && !names_counts(b)) {
    a = with_combinations(a, budget);
  } else if (names_counts(b) && is_scalar(a) && !names_counts(a)) {
    b = with_combinations(b, budget);
  }
  return comparer.match(a, b);
}

}  // namespace cohort::math
