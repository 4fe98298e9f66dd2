#include "rewards/math/compare/exact.h"

namespace cohort::math {

namespace {

constexpr int64_t kBitsPerDigitTimes3 = 10;

int64_t max_bits(const Budget& budget) { return budget.limits().digits * kBitsPerDigitTimes3 / 3; }

std::optional<Rational> bounded(std::optional<Rational> value, const Budget& budget) {
  if (value && value->bits() > max_bits(budget)) return std::nullopt;
  return value;
}

std::optional<Rational> number_value(const std::string& text, const Budget& budget) {
  if (static_cast<int64_t>(text.size()) > budget.limits().digits + 1) return std::nullopt;
  return Rational::from_decimal(text);
}

std::optional<Rational> power_value(const Expr& expr, const Budget& budget) {
  const auto base = exact_value(expr.children[0], budget);
  if (!base) return std::nullopt;
  const auto exponent = exact_value(expr.children[1], budget);
  if (!exponent) return std::nullopt;
  const auto n = exponent->to_int64();
  if (!n || (base->is_zero() && *n <= 0)) return std::nullopt;
  if (base->abs().is_one()) return *n % 2 == 0 ? Rational(1) : *base;
  if (base->is_zero()) return Rational();
  if (std::abs(*n) > max_bits(budget) / base->bits()) return std::nullopt;
  const Rational power = base->power(std::abs(*n));
  return *n < 0 ? power.inverse() : power;
}

}  // namespace

std::optional<Rational> repeating_value(const std::string& text, const Budget& budget) {
  const size_t open = text.find('(');
  if (open == std::string::npos || text.back() != ')' ||
      static_cast<int64_t>(text.size()) > budget.limits().digits)
    return std::nullopt;
  const std::string head = text.substr(0, open);
  const std::string tail = text.substr(open + 1, text.size() - open - 2);
  int64_t decimals = 0;
  const auto start = Rational::from_decimal(head, &decimals);
  const auto period = Rational::from_decimal(tail);
  if (!start || !period || !period->is_integer()) return std::nullopt;
  const Rational nines = Rational::power_of_ten(static_cast<int64_t>(tail.size())) - Rational(1);
  return *start + *period / nines * Rational::power_of_ten(-decimals);
}

std::optional<Rational> exact_value(const Expr& expr, const Budget& budget) {
  const auto child = [&](size_t i) { return exact_value(expr.children[i], budget); };
  switch (expr.kind) {
    case Kind::number:
      return number_value(expr.text, budget);
    case Kind::repeating:
      return bounded(repeating_value(expr.text, budget), budget);
    case Kind::negate: {
      const auto value = child(0);
      return value ? std::optional(-*value) : std::nullopt;
    }
    case Kind::percent: {
      const auto value = child(0);
      return value ? bounded(*value / Rational(100), budget) : std::nullopt;
    }
    case Kind::divide: {
      const auto n = child(0), d = n ? child(1) : std::nullopt;
      if (!d || d->is_zero()) return std::nullopt;
      return bounded(*n / *d, budget);
    }
    case Kind::mixed: {
      const auto whole = child(0), part = whole ? child(1) : std::nullopt;
      if (!part) return std::nullopt;
      return bounded(*whole + *part, budget);
    }
    case Kind::add:
    case Kind::multiply: {
      Rational result(expr.kind == Kind::add ? 0 : 1);
      for (const Expr& operand : expr.children) {
        const auto value = exact_value(operand, budget);
        if (!value) return std::nullopt;
        if (expr.kind == Kind::add) {
          result += *value;
        } else {
          result *= *value;
        }
        if (result.bits() > max_bits(budget)) return std::nullopt;
      }
      return result;
    }
    case Kind::power:
      return bounded(power_value(expr, budget), budget);
    default:
      return std::nullopt;
  }
}

std::optional<Decimal> written_decimal(const Expr& expr, const Budget& budget) {
  switch (expr.kind) {
    case Kind::number: {
      const size_t point = expr.text.find('.');
      if (point == std::string::npos) return std::nullopt;
      const auto value = number_value(expr.text, budget);
      if (!value) return std::nullopt;
      const auto decimals = static_cast<int64_t>(expr.text.size() - point - 1);
      return Decimal{*value, Rational::power_of_ten(-decimals)};
    }
    case Kind::negate: {
      auto value = written_decimal(expr.children[0], budget);
      if (value) value->value = -value->value;
      return value;
    }
    case Kind::percent: {
      auto value = written_decimal(expr.children[0], budget);
      if (value) {
        value->value /= Rational(100);
        value->last_place /= Rational(100);
      }
      return value;
    }
    case Kind::multiply: {
      if (expr.children.size() != 2 || expr.children[1].kind != Kind::power ||
          expr.children[1].children[0] != Expr{Kind::number, "10"})
        return std::nullopt;
      auto value = written_decimal(expr.children[0], budget);
      const auto scale = value ? exact_value(expr.children[1], budget) : std::nullopt;
      if (!scale) return std::nullopt;
      value->value *= *scale;
      value->last_place *= *scale;
      return value;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace cohort::math
