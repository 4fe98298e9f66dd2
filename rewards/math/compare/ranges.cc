// What is said beside the values: "x = k pi, k in Z"; several choices as one word.
#include <algorithm>

#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

struct Ranged {
  Expr value;
  std::vector<Expr> ranges;  // "k in Z" of letters that the value has
};

Ranged without_ranges(const Expr& expr) {
  Ranged result{expr, {}};
  if (expr.kind != Kind::list) return result;
  std::vector<Expr> rest;
  for (const Expr& child : expr.children) {
    const bool range = child.kind == Kind::relation && child.text == "e" &&
                       child.children[0].kind == Kind::symbol &&
                       child.children[1].kind == Kind::number_set;
    (range ? result.ranges : rest).push_back(child);
  }
  const auto said_of_values = [&](const Expr& range) {
    return std::ranges::any_of(
        rest, [&](const Expr& value) { return contains(value, range.children[0]); });
  };
  if (result.ranges.empty() || !std::ranges::all_of(result.ranges, said_of_values))
    return {expr, {}};
  result.value = rest.size() == 1 ? std::move(rest[0]) : make(Kind::list, std::move(rest));
  return result;
}

// The letters of "ACD" (a product that is in alphabetical order, each letter once) or of a list.
std::string letters_of(const Expr& expr) {
  const bool product = expr.kind == Kind::multiply;
  if (!product && expr.kind != Kind::list && expr.kind != Kind::set) return {};
  std::string letters;
  for (const Expr& child : expr.children) {
    const bool letter = (child.kind == Kind::symbol || child.kind == Kind::choice) &&
                        child.text.size() == 1 && child.text[0] >= 'A' && child.text[0] <= 'H';
    if (!letter) return {};
    letters += child.text;
  }
  if (!product) std::ranges::sort(letters);
  const bool ascending =
      std::ranges::adjacent_find(letters, std::ranges::greater_equal()) == letters.end();
  return ascending && letters.size() > 1 ? letters : std::string();
}

}  // namespace

// Whole numbers are what is meant where nothing is said; other ranges must be said in both.
Comparer::Maybe Comparer::ranges(const Expr& gold, const Expr& answer) {
  const Ranged a = without_ranges(gold), b = without_ranges(answer);
  if (a.ranges.empty() && b.ranges.empty()) return std::nullopt;
  const auto whole = [](const Expr& range) { return range.children[1].text == "Z"; };
  if (!a.ranges.empty() && !b.ranges.empty()) {
    const Comparison same = unordered(a.ranges, b.ranges);
    if (!same.equal) return std::nullopt;
  } else if (!std::ranges::all_of(a.ranges, whole) || !std::ranges::all_of(b.ranges, whole)) {
    return std::nullopt;
  }
  return match(a.value, b.value);
}

Comparer::Maybe Comparer::letter_lists(const Expr& gold, const Expr& answer) {
  if ((gold.kind == Kind::multiply) == (answer.kind == Kind::multiply)) return std::nullopt;
  const std::string a = letters_of(gold), b = letters_of(answer);
  if (a.empty() || a != b) return std::nullopt;
  return equal_by(Tier::structure);
}

}  // namespace cohort::math
