#include "rewards/math/compare/ball_value.h"

#include <array>
#include <string_view>
#include <utility>

namespace cohort::math {

namespace {

// Arguments of factorials.
constexpr int64_t kLargestFactorial = int64_t{1} << 40;
// An exponent above 2^this has no use: the ball would hold no digit.
constexpr int64_t kLargestExponentBits = 64;

class Evaluator {
 public:
  Evaluator(std::span<const Assignment> point, bool complex, int64_t bits, const Reading& reading,
            Budget& budget)
      : point_(point), complex_(complex), bits_(bits), reading_(reading), budget_(budget) {}

  Ball value(const Expr& expr);

 private:
  using Map = void (*)(acb_ptr, acb_srcptr, slong);
  Ball rational(const Rational& value) const {
    Ball result;
    acb_set_fmpq(result.get(), value.get(), bits_);
    return result;
  }
  Ball power(const Expr& expr);
  Ball root(Ball base, const Rational& exponent);
  Ball log(const Expr& argument);
  Ball function(const Expr& expr);
  Ball factorial(const Rational& n);
  Ball angle(const Expr& expr);
  void need_not_negative(const Ball& ball) const {
    if (complex_ || (ball.is_real() && arb_is_nonnegative(ball.real()))) return;
    if (point_.empty()) return;  // a closed expression: the principal value is meant
    if (ball.is_real() && arb_is_negative(ball.real())) throw NotReal{};
    throw NoValue{};
  }

  std::span<const Assignment> point_;
  bool complex_;
  int64_t bits_;
  Reading reading_;
  Budget& budget_;
  bool angle_ = false;  // within a trigonometric function
};

Ball Evaluator::root(Ball base, const Rational& exponent) {
  const Rational denominator = exponent.denominator();
  const auto index = denominator.to_int64();
  const auto n = exponent.numerator().to_int64();
  if (!index || !n || exponent.bits() > kLargestExponentBits / 2) throw NoRule{};
  const bool odd = *index % 2 != 0;
  Ball result;
  if (*index == 1) {
    if (*n < 0 && acb_contains_zero(base.get())) throw NoValue{};
    acb_pow_si(result.get(), base.get(), *n, bits_);
    return result;
  }
  bool negative = false;
  if (odd && base.is_real()) {  // the real root
    negative = arb_is_negative(base.real());
    if (negative) acb_neg(base.get(), base.get());
    if (!arb_is_nonnegative(base.real()) || (*n < 0 && arb_contains_zero(base.real())))
      throw NoValue{};
  } else {
    need_not_negative(base);
  }
  if (*index == 2) {
    acb_sqrt(result.get(), base.get(), bits_);
  } else if (base.is_real() && arb_is_nonnegative(base.real())) {
    arb_root_ui(result.real(), base.real(), static_cast<ulong>(*index), bits_);
  } else {
    acb_root_ui(result.get(), base.get(), static_cast<ulong>(*index), bits_);
  }
  if (*n < 0 && acb_contains_zero(result.get())) throw NoValue{};
  acb_pow_si(result.get(), result.get(), *n, bits_);
  if (negative && *n % 2 != 0) acb_neg(result.get(), result.get());
  return result;
}

Ball Evaluator::power(const Expr& expr) {
  Ball base = value(expr.children[0]);
  if (const auto exponent = exact_value(expr.children[1], budget_))
    return root(std::move(base), *exponent);
  const bool was_angle = std::exchange(angle_, false);
  Ball exponent = value(expr.children[1]);
  angle_ = was_angle;
  // (-1)^n has a value where n is whole.
  if (!complex_ && !point_.empty() && !(base.is_real() && arb_is_positive(base.real())))
    throw NoValue{};
  if (acb_contains_zero(base.get())) throw NoValue{};
  Ball result;
  acb_pow(result.get(), base.get(), exponent.get(), bits_);
  return result;
}

Ball Evaluator::log(const Expr& argument) {
  Ball result = value(argument);
  need_not_negative(result);
  if (acb_contains_zero(result.get())) throw NoValue{};
  acb_log(result.get(), result.get(), bits_);
  return result;
}

Ball Evaluator::factorial(const Rational& n) {
  const auto whole = n.to_int64();
  if (!whole || *whole < 0 || *whole > kLargestFactorial) throw NoRule{};
  budget_.step(64);
  Ball result;
  arb_set_si(result.real(), *whole + 1);
  arb_gamma(result.real(), result.real(), bits_);
  return result;
}

Ball Evaluator::angle(const Expr& expr) {
  const bool was_angle = std::exchange(angle_, true);
  Ball result = value(expr);
  angle_ = was_angle;
  return result;
}

Ball Evaluator::function(const Expr& expr) {
  static constexpr std::array<std::pair<std::string_view, Map>, 16> kMaps = {{
      {"sin", acb_sin},
      {"cos", acb_cos},
      {"tan", acb_tan},
      {"cot", acb_cot},
      {"sec", acb_sec},
      {"csc", acb_csc},
      {"sinh", acb_sinh},
      {"cosh", acb_cosh},
      {"tanh", acb_tanh},
      {"coth", acb_coth},
      {"exp", acb_exp},
      {"arctan", acb_atan},
      {"arsinh", acb_asinh},
      {"arcsin", acb_asin},
      {"arccos", acb_acos},
      {"artanh", acb_atanh},
  }};
  const auto argument = [&](size_t i) -> const Expr& { return expr.children[i]; };
  const std::string& name = expr.text;
  const size_t n = expr.children.size();
  if (name == "ln" && n == 1) return log(argument(0));
  if (name == "log" && (n == 1 || n == 2)) {
    Ball result = log(argument(0));
    Ball base;
    if (n == 2) {
      base = log(argument(1));
    } else if (!reading_.log_is_ten) {
      return result;
    } else {
      arb_const_log10(base.real(), bits_);
    }
    if (acb_contains_zero(base.get())) throw NoValue{};
    acb_div(result.get(), result.get(), base.get(), bits_);
    return result;
  }
  if (name == "binom" && n == 2) {
    const auto top = exact_value(argument(0), budget_), below = exact_value(argument(1), budget_);
    if (!top || !below || *top < *below) throw NoRule{};
    Ball result = factorial(*top);
    acb_div(result.get(), result.get(), factorial(*below).get(), bits_);
    acb_div(result.get(), result.get(), factorial(*top - *below).get(), bits_);
    return result;
  }
  if (n == 1) {
    for (const auto& [known, map] : kMaps) {
      if (known != name) continue;
      Ball result = angle(argument(0));
      const bool was_real = result.is_real();
      map(result.get(), result.get(), bits_);
      if (was_real && !complex_ && !result.is_real()) {
        if (!point_.empty() && !arb_contains_zero(acb_imagref(result.get()))) throw NotReal{};
        throw NoValue{};
      }
      return result;
    }
    if (name == "Re" || name == "Im" || name == "conj") {
      Ball result = value(argument(0));
      if (name == "conj") {
        acb_conj(result.get(), result.get());
      } else {
        if (name == "Im") arb_swap(result.real(), acb_imagref(result.get()));
        arb_zero(acb_imagref(result.get()));
      }
      return result;
    }
  }
  if ((name == "max" || name == "min") && n >= 1) {
    Ball result = value(argument(0));
    for (size_t i = 1; i < n; ++i) {
      const Ball next = value(argument(i));
      if (!result.is_real() || !next.is_real()) throw NoValue{};
      (name == "max" ? arb_max : arb_min)(result.real(), result.real(), next.real(), bits_);
    }
    return result;
  }
  throw NoRule{};
}

Ball Evaluator::value(const Expr& expr) {
  budget_.step(bits_ > 128 ? 2 : 1);
  Ball result;
  switch (expr.kind) {
    case Kind::number:
    case Kind::repeating: {
      const auto exact = exact_value(expr, budget_);
      if (!exact) throw NoRule{};
      return rational(*exact);
    }
    case Kind::constant:
      if (expr.text == "pi") {
        arb_const_pi(result.real(), bits_);
      } else if (expr.text == "e") {
        arb_const_e(result.real(), bits_);
      } else if (expr.text == "i") {
        acb_onei(result.get());
      } else {
        throw NoRule{};
      }
      return result;
    case Kind::symbol:
      for (const Assignment& assignment : point_)
        if (assignment.symbol == expr.text) return rational(assignment.value);
      throw NoRule{};
    case Kind::add:
      for (const Expr& child : expr.children)
        acb_add(result.get(), result.get(), value(child).get(), bits_);
      return result;
    case Kind::mixed:
      acb_add(result.get(), value(expr.children[0]).get(), value(expr.children[1]).get(), bits_);
      return result;
    case Kind::multiply:
      acb_one(result.get());
      for (const Expr& child : expr.children)
        acb_mul(result.get(), result.get(), value(child).get(), bits_);
      return result;
    case Kind::negate:
      result = value(expr.children[0]);
      acb_neg(result.get(), result.get());
      return result;
    case Kind::divide: {
      const Ball below = value(expr.children[1]);
      if (acb_contains_zero(below.get())) throw NoValue{};
      acb_div(result.get(), value(expr.children[0]).get(), below.get(), bits_);
      return result;
    }
    case Kind::percent:
      acb_div_ui(result.get(), value(expr.children[0]).get(), 100, bits_);
      return result;
    case Kind::degrees: {
      result = value(expr.children[0]);
      if (!angle_ && !reading_.degrees_are_radians) return result;
      Ball pi;
      arb_const_pi(pi.real(), bits_);
      acb_mul(result.get(), result.get(), pi.get(), bits_);
      acb_div_ui(result.get(), result.get(), 180, bits_);
      return result;
    }
    case Kind::power:
      return power(expr);
    case Kind::root: {
      const auto index = exact_value(expr.children[1], budget_);
      if (!index || index->is_zero()) throw NoRule{};
      return root(value(expr.children[0]), index->inverse());
    }
    case Kind::factorial: {
      const auto n = exact_value(expr.children[0], budget_);
      if (!n || expr.text == "!!") throw NoRule{};
      return factorial(*n);
    }
    case Kind::absolute: {
      const Ball inner = value(expr.children[0]);
      acb_abs(result.real(), inner.get(), bits_);
      return result;
    }
    case Kind::floor:
    case Kind::ceiling: {
      const Ball inner = value(expr.children[0]);
      if (!inner.is_real()) throw NoValue{};
      (expr.kind == Kind::floor ? arb_floor : arb_ceil)(result.real(), inner.real(), bits_);
      if (!arb_is_exact(result.real())) throw NoValue{};
      return result;
    }
    case Kind::function:
      return function(expr);
    default:
      throw NoRule{};
  }
}

}  // namespace

Ball ball_value(const Expr& expr, std::span<const Assignment> point, bool complex, int64_t bits,
                const Reading& reading, Budget& budget) {
  return Evaluator(point, complex, bits, reading, budget).value(expr);
}

}  // namespace cohort::math
