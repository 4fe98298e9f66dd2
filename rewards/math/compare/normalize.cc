#include "rewards/math/compare/normalize.h"

#include <algorithm>
#include <cmath>
#include <ranges>
#include <utility>

#include "rewards/math/compare/ball.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

constexpr int64_t kMaxSummands = 1000;

}  // namespace

Poly Normalizer::leaf(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
    case Kind::repeating: {
      const auto value = exact_value(expr, algebra_.budget());
      if (!value) throw BudgetExhausted(BudgetSpent::digits);
      return Algebra::number(*value);
    }
    case Kind::constant:
      if (expr.text == "pi") return algebra_.pi();
      if (expr.text == "e") return algebra_.exponential(Algebra::number(1));
      if (expr.text == "i") return algebra_.imaginary();
      throw NoScalar{};
    case Kind::symbol:
      for (const auto& [name, value] : bound_ | std::views::reverse)
        if (name == expr.text) return value;
      if (expr.text == "...") throw NoScalar{};
      return algebra_.symbol(expr.text);
    default:
      throw NoScalar{};
  }
}

Poly Normalizer::scalar(const Expr& expr) {
  algebra_.budget().step();
  const auto child = [&](size_t i) { return scalar(expr.children[i]); };
  switch (expr.kind) {
    case Kind::add: {
      Poly result = child(0);
      for (size_t i = 1; i < expr.children.size(); ++i) result = algebra_.add(result, child(i));
      return result;
    }
    case Kind::mixed:
      return algebra_.add(child(0), child(1));
    case Kind::multiply: {
      Poly result = child(0);
      for (size_t i = 1; i < expr.children.size(); ++i)
        result = algebra_.multiply(result, child(i));
      return result;
    }
    case Kind::negate:
      return algebra_.negate(child(0));
    case Kind::divide:
      return algebra_.divide(child(0), child(1));
    case Kind::percent:
      return algebra_.scale(child(0), Rational(1, 100));
    case Kind::degrees:
      if (!angle_ && !reading_.degrees_are_radians) return child(0);
      return algebra_.scale(algebra_.multiply(child(0), algebra_.pi()), Rational(1, 180));
    case Kind::power: {
      // (u^2)^(1/2) = |u|, while u is still in sight.
      const Expr& base = expr.children[0];
      const bool was_angle = std::exchange(angle_, false);
      const Poly exponent = child(1);
      angle_ = was_angle;
      if (base.kind == Kind::power) {
        const auto outer = exponent.constant();
        const auto inner = exact_value(base.children[1], algebra_.budget());
        if (outer && inner && inner->is_integer() && outer->denominator().is_even() &&
            inner->is_even())
          return algebra_.power(absolute(base.children[0]), Algebra::number(*outer * *inner));
      }
      return algebra_.power(child(0), exponent);
    }
    case Kind::root: {
      const auto index = child(1).constant();
      if (!index || index->is_zero())
        return algebra_.power(child(0), algebra_.divide(Algebra::number(1), child(1)));
      const Expr& base = expr.children[0];
      if (base.kind == Kind::power) {
        const auto inner = exact_value(base.children[1], algebra_.budget());
        if (inner && inner->is_integer() && index->numerator().is_even() && inner->is_even())
          return algebra_.power(absolute(base.children[0]), Algebra::number(*inner / *index));
      }
      return algebra_.power(child(0), Algebra::number(index->inverse()));
    }
    case Kind::absolute:
      return absolute(expr.children[0]);
    case Kind::floor:
    case Kind::ceiling:
      return whole_part(expr);
    case Kind::factorial:
      return factorial(expr);
    case Kind::function:
      return function(expr);
    case Kind::apply:
      return opaque("@" + expr.text, expr);
    case Kind::based:
      return opaque("base " + expr.text, expr);
    case Kind::integral_like:
      return bound(expr);
    default:
      return leaf(expr);
  }
}

Poly Normalizer::absolute(const Expr& expr) {
  const Poly inner = scalar(expr);
  if (const auto value = inner.constant()) return Algebra::number(value->abs());
  if (bound_.empty() && !algebra_.has_symbols(inner) && algebra_.is_real(inner)) {
    if (const auto sign = ball_sign(expr, reading_, algebra_.budget()))
      return *sign > 0 ? inner : algebra_.negate(inner);
  }
  return algebra_.absolute(inner);
}

Poly Normalizer::whole_part(const Expr& expr) {
  const bool up = expr.kind == Kind::ceiling;
  const Poly inner = scalar(expr.children[0]);
  if (const auto value = inner.constant())
    return Algebra::number(up ? -(-*value).floor() : value->floor());
  if (bound_.empty() && !algebra_.has_symbols(inner)) {
    // Irrational, or the ball would not end: its ceiling is the next integer.
    if (const auto value = ball_floor(expr.children[0], reading_, algebra_.budget()))
      return Algebra::number(up ? *value + Rational(1) : *value);
  }
  // floor(x + 3) = floor(x) + 3
  Poly rest = inner, shift;
  if (!rest.terms.empty() && rest.terms[0].monomial.empty()) {
    const Rational whole = rest.terms[0].coefficient.floor();
    shift = Algebra::number(whole);
    rest = algebra_.subtract(rest, shift);
  }
  return algebra_.add(algebra_.function(up ? "ceiling" : "floor", {rest}), shift);
}

Poly Normalizer::factorial(const Expr& expr) {
  const Poly argument = scalar(expr.children[0]);
  if (expr.text == "!!") {
    const auto value = argument.constant();
    const auto n = value ? value->to_int64() : std::nullopt;
    if (!n || *n < 0 || *n > 300) return algebra_.function("double factorial", {argument});
    Rational result(1);
    for (int64_t i = *n; i > 1; i -= 2) result *= Rational(i);
    return Algebra::number(std::move(result));
  }
  return factorial_of(argument);
}

Poly Normalizer::factorial_of(const Poly& argument) {
  constexpr int64_t kMaxShift = 8;
  if (const auto value = argument.constant()) {
    const auto n = value->to_int64();
    if (!value->is_integer() || value->sign() < 0) throw Undefined{};
    // n! has at most n log10(n) digits.
    if (n && static_cast<double>(*n) * std::log10(static_cast<double>(*n) + 1) <
                 static_cast<double>(algebra_.budget().limits().digits))
      return Algebra::number(math::factorial(static_cast<uint64_t>(*n)));
    return algebra_.function("factorial", {argument});
  }
  // (n + 2)! = (n + 1)(n + 2) n!
  if (!argument.terms.empty() && argument.terms[0].monomial.empty()) {
    const auto shift = argument.terms[0].coefficient.to_int64();
    if (shift && std::abs(*shift) <= kMaxShift) {
      const Poly base = algebra_.subtract(argument, Algebra::number(*shift));
      Poly result = algebra_.function("factorial", {base});
      for (int64_t i = 1; i <= *shift; ++i)
        result = algebra_.multiply(result, algebra_.add(base, Algebra::number(i)));
      for (int64_t i = 0; i > *shift; --i)
        result = algebra_.divide(result, algebra_.add(base, Algebra::number(i)));
      return result;
    }
  }
  return algebra_.function("factorial", {argument});
}

Poly Normalizer::opaque(std::string name, const Expr& expr) {
  std::vector<Poly> args;
  for (const Expr& child : expr.children) args.push_back(scalar(child));
  return algebra_.function(name, std::move(args));
}

Poly Normalizer::bound(const Expr& expr) {
  const bool sums = expr.text == "sum" || expr.text == "prod";
  if (expr.children.size() < 2 || expr.children[1].kind != Kind::symbol) throw NoScalar{};
  const std::string& name = expr.children[1].text;
  std::vector<Poly> limits;
  for (size_t i = 2; i < expr.children.size(); ++i) {
    const Expr& limit = expr.children[i];
    if (limit.kind == Kind::constant && limit.text == "inf") {
      limits.push_back(algebra_.function("inf", {}));
    } else {
      limits.push_back(scalar(limit));
    }
  }
  const auto from = limits.size() == 2 ? limits[0].constant() : std::nullopt;
  const auto to = limits.size() == 2 ? limits[1].constant() : std::nullopt;
  if (sums && reading_.evaluate_sums && from && to && from->is_integer() && to->is_integer()) {
    const auto first = from->to_int64(), last = to->to_int64();
    if (!first || !last || *last - *first >= kMaxSummands)
      throw BudgetExhausted(BudgetSpent::steps);
    Poly result = Algebra::number(expr.text == "sum" ? 0 : 1);
    for (int64_t k = *first; k <= *last; ++k) {
      const Poly term = at(expr.children[0], name, Algebra::number(k));
      result = expr.text == "sum" ? algebra_.add(result, term) : algebra_.multiply(result, term);
    }
    return result;
  }
  if (expr.text == "sum" && reading_.evaluate_sums && from && from->is_integer() &&
      expr.children[3] == Expr{Kind::constant, "inf"}) {
    if (const auto first = from->to_int64(); first && std::abs(*first) < kMaxSummands) {
      if (const auto sum = series(expr.children[0], name, *first)) return *sum;
    }
  }
  std::vector<Poly> args = {
      at(expr.children[0], name, algebra_.symbol("#" + std::to_string(bound_.size())))};
  std::ranges::move(limits, std::back_inserter(args));
  return algebra_.function(expr.text, std::move(args));
}

Poly Normalizer::angle(const Expr& expr) {
  const bool was_angle = std::exchange(angle_, true);
  Poly result = scalar(expr);
  angle_ = was_angle;
  return result;
}

}  // namespace cohort::math
