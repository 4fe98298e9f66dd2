// Values with a unit.
#include <algorithm>
#include <string>

#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/rational.h"
#include "rewards/math/compare/tree.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

// How many base units of its dimension a unit is; nothing when it has no exact factor.
struct Measure {
  std::vector<int64_t> dimension;
  std::vector<uint8_t> kinds;  // of money, temperature: those that do not convert
  Rational factor{1};
};

std::optional<Measure> measure(const std::string& unit) {
  const auto powers = unit_powers(unit);
  if (!powers) return std::nullopt;
  Measure result;
  result.dimension.resize(kBases);
  for (const auto& [known, exponent] : *powers) {
    if (known->numerator == 0 || std::abs(exponent) > 12) return std::nullopt;
    for (size_t base = 0; base < kBases; ++base)
      result.dimension[base] += known->dimension[base] * exponent;
    if (known->kind != 0) result.kinds.insert(result.kinds.end(), 1, known->kind);
    const Rational power = Rational(known->numerator, known->denominator).power(std::abs(exponent));
    if (exponent > 0) {
      result.factor *= power;
    } else {
      result.factor /= power;
    }
  }
  std::ranges::sort(result.kinds);
  return result;
}

// One `from` in `to`.
std::optional<Rational> conversion(const std::string& from, const std::string& to) {
  if (from == to) return Rational(1);
  const auto a = measure(from), b = measure(to);
  if (!a || !b || a->dimension != b->dimension || a->kinds != b->kinds) return std::nullopt;
  return a->factor / b->factor;
}

// "apple" and "apples".
bool same_noun(const std::string& a, const std::string& b) {
  return a == b || a + "s" == b || b + "s" == a || a + "es" == b || b + "es" == a;
}

Expr times(const Expr& value, const Rational& factor) {
  if (factor.is_one()) return value;
  return make(Kind::multiply, {value, make_number(factor)});
}

// "2 hours 30 minutes" as one quantity, in its first unit.
std::optional<Expr> joined(const Expr& expr) {
  if (expr.kind == Kind::quantity) return expr;
  if (expr.kind == Kind::negate) {
    auto inner = joined(expr.children[0]);
    if (inner) inner->children[0] = make_negative(inner->children[0]);
    return inner;
  }
  if (expr.kind != Kind::add) return std::nullopt;
  std::vector<Expr> summands;
  std::string unit;
  for (const Expr& child : expr.children) {
    const auto part = joined(child);
    if (!part) return std::nullopt;
    if (unit.empty()) unit = part->text;
    const auto factor = conversion(part->text, unit);
    if (!factor) return std::nullopt;
    summands.push_back(times(part->children[0], *factor));
  }
  return make(Kind::quantity, {make(Kind::add, std::move(summands))}, unit);
}

// 180 degrees in radians, or in turns.
std::optional<Expr> of_degrees(const Expr& expr, bool radians) {
  if (expr.kind == Kind::negate) {
    auto size = of_degrees(expr.children[0], radians);
    return size ? std::optional(make_negative(std::move(*size))) : std::nullopt;
  }
  if (expr.kind != Kind::degrees) return std::nullopt;
  if (!radians) return times(expr.children[0], Rational(1, 360));
  return make(Kind::multiply,
              {times(expr.children[0], Rational(1, 180)), Expr{Kind::constant, "pi"}});
}

}  // namespace

Comparer::Maybe Comparer::quantities(const Expr& gold, const Expr& answer) {
  const auto a = joined(gold), b = joined(answer);
  if (!a && !b) return std::nullopt;
  if (a && b) {
    if (same_noun(a->text, b->text)) return match(a->children[0], b->children[0]);
    const auto factor = conversion(b->text, a->text);
    if (!factor) return different(Reason::different_unit);
    return match(a->children[0], times(b->children[0], *factor));
  }
  // A unit on one side only: the other is taken to mean it. Not of a time of day or a name.
  const Expr& other = a ? answer : gold;
  if (other.kind == Kind::relation || other.kind == Kind::list || other.kind == Kind::logic ||
      other.kind == Kind::set)
    return std::nullopt;
  if (other.kind == Kind::percent) return different(Reason::different_unit);
  const std::string& unit = (a ? a : b)->text;
  if (unit == "rad" || conversion(unit, "turn")) {
    if (const auto written = of_degrees(other, unit == "rad")) {
      const Expr value = unit == "rad" ? (a ? a : b)->children[0]
                                       : times((a ? a : b)->children[0], *conversion(unit, "turn"));
      return a ? match(value, *written) : match(*written, value);
    }
  }
  return a ? match(a->children[0], answer) : match(gold, b->children[0]);
}

}  // namespace cohort::math
