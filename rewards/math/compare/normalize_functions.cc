// The known functions in normal form.
#include <algorithm>
#include <array>
#include <cmath>

#include "rewards/math/compare/ball.h"
#include "rewards/math/compare/normalize.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

Poly Normalizer::trigonometric(const Expr& expr) {
  const std::string& name = expr.text;
  Poly sign = Algebra::number(1);
  Poly argument = angle(expr.children[0]);
  if (reading_.whole_letters) argument = without_half_turns(std::move(argument), sign);
  const auto sine = [&] { return algebra_.multiply(sign, algebra_.sine(argument)); };
  const auto cosine = [&] { return algebra_.multiply(sign, algebra_.cosine(argument)); };
  const auto one = [] { return Algebra::number(1); };
  if (name == "sin") return sine();
  if (name == "cos") return cosine();
  if (name == "tan") return algebra_.divide(sine(), cosine());
  if (name == "cot") return algebra_.divide(cosine(), sine());
  if (name == "sec") return algebra_.divide(one(), cosine());
  return algebra_.divide(one(), sine());
}

// Without the terms c n pi with whole c and n, which give (-1)^(cn) as a sign.
Poly Normalizer::without_half_turns(Poly argument, Poly& sign) {
  std::erase_if(argument.terms, [&](const Term& term) {
    if (!term.coefficient.is_integer() || term.monomial.size() != 2) return false;
    Poly turns;
    bool pi = false;
    for (const Factor& factor : term.monomial) {
      const Atom& atom = algebra_.atom(factor.atom);
      if (factor.power != Exponent{1, 1}) return false;
      pi |= atom.kind == AtomKind::pi;
      if (atom.kind == AtomKind::symbol && is_counting_letter(atom.name))
        turns.terms.push_back({term.coefficient, {factor}});
    }
    if (!pi || turns.terms.empty()) return false;
    sign = algebra_.multiply(sign, algebra_.power(Algebra::number(-1), turns));
    return true;
  });
  return argument;
}

Poly Normalizer::hyperbolic(const std::string& name, const Poly& argument) {
  const Poly up = algebra_.exponential(argument);
  const Poly down = algebra_.exponential(algebra_.negate(argument));
  const Poly sine = algebra_.subtract(up, down), cosine = algebra_.add(up, down);
  if (name == "sinh") return algebra_.scale(sine, {1, 2});
  if (name == "cosh") return algebra_.scale(cosine, {1, 2});
  if (name == "tanh") return algebra_.divide(sine, cosine);
  return algebra_.divide(cosine, sine);
}

namespace {

bool is_one_of(const std::string& name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// arcsin and arctan of the arguments (squared) whose angles are k pi / 12 that people write.
struct KnownAngle {
  int64_t n, d;       // the argument's square
  int64_t sixtieths;  // the angle, of pi
};
constexpr std::array<KnownAngle, 5> kArcSines = {
    {{0, 1, 0}, {1, 4, 10}, {1, 2, 15}, {3, 4, 20}, {1, 1, 30}}};
constexpr std::array<KnownAngle, 4> kArcTangents = {
    {{0, 1, 0}, {1, 3, 10}, {1, 1, 15}, {3, 1, 20}}};

}  // namespace

Poly Normalizer::function(const Expr& expr) {
  const std::string& name = expr.text;
  const size_t n = expr.children.size();
  const auto child = [&](size_t i) { return scalar(expr.children[i]); };
  if (n == 1) {
    if (is_one_of(name, {"sin", "cos", "tan", "cot", "sec", "csc"})) return trigonometric(expr);
    if (name == "exp") return algebra_.exponential(child(0));
    if (name == "ln") return algebra_.logarithm(child(0));
    if (is_one_of(name, {"sinh", "cosh", "tanh", "coth"})) return hyperbolic(name, child(0));
    if (is_one_of(name, {"Re", "Im", "conj"})) return complex_part(expr);
    if (is_one_of(name, {"arcsin", "arccos", "arctan"})) {
      const Poly argument = child(0);
      const auto square = algebra_.multiply(argument, argument).constant();
      const auto find = [&](const auto& known) -> std::optional<Poly> {
        if (!square || argument.terms.size() > 1) return std::nullopt;
        const bool negative = !argument.terms.empty() && argument.terms[0].coefficient.sign() < 0;
        for (const KnownAngle& angle : known) {
          if (*square == Rational(angle.n, angle.d))
            return algebra_.scale(algebra_.pi(),
                                  Rational(negative ? -angle.sixtieths : angle.sixtieths, 60));
        }
        return std::nullopt;
      };
      auto known = name == "arctan" ? find(kArcTangents) : find(kArcSines);
      if (name == "arctan" && known) return *known;
      // Odd functions; arccos is pi/2 - arcsin.
      if (!known) {
        const bool flip = !argument.terms.empty() && algebra_.is_real(argument) &&
                          argument.terms.back().coefficient.sign() < 0;
        known = algebra_.function(name == "arctan" ? name : "arcsin",
                                  {flip ? algebra_.negate(argument) : argument});
        if (flip) known = algebra_.negate(*known);
      }
      if (name != "arccos") return *known;
      return algebra_.subtract(algebra_.scale(algebra_.pi(), {1, 2}), *known);
    }
  }
  if (name == "log" && (n == 1 || n == 2)) {
    const Poly value = algebra_.logarithm(child(0));
    if (n == 1 && !reading_.log_is_ten) return value;
    const Poly base = n == 2 ? child(1) : Algebra::number(10);
    return algebra_.divide(value, algebra_.logarithm(base));
  }
  if (name == "binom" && n == 2) return binomial(expr);
  if (is_one_of(name, {"gcd", "lcm", "mod"})) return of_whole_numbers(expr);
  if (is_one_of(name, {"max", "min"})) return largest(expr);
  return opaque(name, expr);
}

Poly Normalizer::complex_part(const Expr& expr) {
  const Poly inner = scalar(expr.children[0]);
  const auto parts = algebra_.split(inner);
  // A variable may be complex here: Re(z) is not z.
  if (!parts || algebra_.has_symbols(inner)) return algebra_.function(expr.text, {inner});
  if (expr.text == "Re") return parts->real;
  if (expr.text == "Im") return parts->imaginary;
  return algebra_.subtract(parts->real, algebra_.multiply(algebra_.imaginary(), parts->imaginary));
}

Poly Normalizer::of_whole_numbers(const Expr& expr) {
  std::vector<Poly> args;
  std::vector<Rational> values;
  for (const Expr& operand : expr.children) {
    args.push_back(scalar(operand));
    const auto value = args.back().constant();
    if (value && value->is_integer() && !value->is_zero()) values.push_back(*value);
  }
  if (values.size() != args.size()) return algebra_.function(expr.text, std::move(args));
  if (expr.text == "mod") {
    if (values.size() != 2) throw NoScalar{};
    return Algebra::number(values[0] - (values[0] / values[1]).floor() * values[1]);
  }
  Rational result = values[0].abs();
  for (const Rational& value : values) {
    const Rational common = integer_gcd(result, value);
    result = expr.text == "gcd" ? common : result / common * value.abs();
    algebra_.budget().check(BudgetSpent::digits, result.bits(),
                            algebra_.budget().limits().digits * 10 / 3);
  }
  return Algebra::number(std::move(result));
}

Poly Normalizer::binomial(const Expr& expr) {
  constexpr int64_t kMaxSymbolic = 8;
  const Poly top = scalar(expr.children[0]), below = scalar(expr.children[1]);
  const auto whole = [](const Poly& poly) {
    const auto value = poly.constant();
    return value ? value->to_int64() : std::nullopt;
  };
  const auto k = whole(below), n = whole(top);
  if (n && k && *n >= 0) {
    if (*k < 0 || *k > *n) return {};
    const auto least = static_cast<double>(std::min(*k, *n - *k));
    if (least * std::log10(static_cast<double>(*n) + 1) <
        static_cast<double>(algebra_.budget().limits().digits))
      return Algebra::number(math::binomial(static_cast<uint64_t>(*n), static_cast<uint64_t>(*k)));
    return algebra_.function("binom", {top, below});
  }
  const auto falling = [&](int64_t factors) {
    Poly result = Algebra::number(math::factorial(static_cast<uint64_t>(factors)).inverse());
    for (int64_t i = 0; i < factors; ++i)
      result = algebra_.multiply(result, algebra_.subtract(top, Algebra::number(i)));
    return result;
  };
  if (k && *k >= 0 && *k <= kMaxSymbolic) return falling(*k);
  if (top.constant() || k) return algebra_.function("binom", {top, below});
  // n whole, as k is.
  const Poly rest = algebra_.subtract(top, below);
  const auto r = whole(rest);
  if (r && *r >= 0 && *r <= kMaxSymbolic) return falling(*r);
  if (rest.constant()) return algebra_.function("binom", {top, below});
  return algebra_.divide(factorial_of(top),
                         algebra_.multiply(factorial_of(below), factorial_of(rest)));
}

Poly Normalizer::largest(const Expr& expr) {
  const bool max = expr.text == "max";
  const auto known = [&](const Poly& value) { return !algebra_.has_symbols(value); };
  Poly best = scalar(expr.children[0]);
  const Expr* best_expr = &expr.children[0];
  for (size_t i = 1; i < expr.children.size(); ++i) {
    const Poly next = scalar(expr.children[i]);
    if (algebra_.is_zero(algebra_.subtract(next, best))) continue;
    if (!known(best) || !known(next) || !bound_.empty()) return opaque(expr.text, expr);
    const Expr difference{Kind::add, {}, {expr.children[i], Expr{Kind::negate, {}, {*best_expr}}}};
    const auto sign = ball_sign(difference, reading_, algebra_.budget());
    if (!sign) return opaque(expr.text, expr);
    if ((*sign > 0) == max) {
      best = next;
      best_expr = &expr.children[i];
    }
  }
  return best;
}

}  // namespace cohort::math
