#include "rewards/math/compare/scalar.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "rewards/math/compare/algebra.h"
#include "rewards/math/compare/algebraic.h"
#include "rewards/math/compare/ball.h"
#include "rewards/math/compare/domain.h"
#include "rewards/math/compare/normalize.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

// Points at which two expressions with variables must agree, and those tried to find them.
constexpr int64_t kPoints = 16;
constexpr int64_t kTries = 40;
constexpr int64_t kMaxBallNodes = 200;

// What a tree has that decides how it is judged.
struct Traits {
  std::set<std::string> symbols;
  int64_t nodes = 0;
  bool imaginary = false;
  bool bare_log = false;
  bool degrees = false;  // outside functions
  bool sums = false;     // or integrals, limits
  bool signs = false;    // (-1)^n
};

bool is_alternating_sign(const Expr& expr) {
  return expr.kind == Kind::power && expr.children[0].kind == Kind::negate &&
         expr.children[0].children[0] == Expr{Kind::number, "1"} &&
         any_node(expr.children[1], [](const Expr& node) {
           return node.kind == Kind::symbol && is_counting_letter(node.text);
         });
}

// Never below 0 where it is real: products, quotients and powers of even roots, absolute values and
// numbers.
bool is_never_negative(const Expr& expr, const Budget& budget) {
  const auto all = [&] {
    return std::ranges::all_of(expr.children,
                               [&](const Expr& child) { return is_never_negative(child, budget); });
  };
  switch (expr.kind) {
    case Kind::number:
    case Kind::absolute:
      return true;
    case Kind::multiply:
    case Kind::divide:
      return all();
    case Kind::root:
    case Kind::power: {
      if (is_never_negative(expr.children[0], budget)) return true;
      const auto exponent = exact_value(expr.children[1], budget);
      if (!exponent || exponent->is_zero()) return false;
      const Rational even =
          expr.kind == Kind::root ? exponent->numerator() : exponent->denominator();
      return even.is_even();
    }
    default:
      return false;
  }
}

void collect(const Expr& expr, bool in_function, Traits& traits) {
  ++traits.nodes;
  switch (expr.kind) {
    case Kind::symbol:
      traits.symbols.insert(expr.text);
      break;
    case Kind::constant:
      traits.imaginary |= expr.text == "i";
      break;
    case Kind::degrees:
      traits.degrees |= !in_function;
      break;
    case Kind::integral_like:
      traits.sums = true;
      break;
    case Kind::power:
      traits.signs |= is_alternating_sign(expr);
      break;
    case Kind::function:
      traits.bare_log |= expr.text == "log" && expr.children.size() == 1;
      break;
    default:
      break;
  }
  for (const Expr& child : expr.children)
    collect(child, in_function || expr.kind == Kind::function, traits);
}

class ScalarPair {
 public:
  ScalarPair(const Expr& a, const Expr& b, Budget& budget) : a_(a), b_(b), budget_(budget) {
    collect(a, false, a_traits_);
    collect(b, false, b_traits_);
  }

  const Traits& a_traits() const { return a_traits_; }
  const Traits& b_traits() const { return b_traits_; }

  ScalarResult decide(Reading reading) const {
    std::optional<BudgetExhausted> spent;
    try {
      const ScalarResult result = by_normal_form(reading);
      if (result.truth != Truth::unknown) return result;
    } catch (const BudgetExhausted& exhausted) {
      // A number too long to write may still be seen to be another one.
      if (exhausted.what_was_spent != BudgetSpent::digits) throw;
      spent = exhausted;
    } catch (const NoScalar&) {
      return {};
    }
    const ScalarResult result =
        symbols().empty() ? by_constants(reading) : by_points(reading, !spent);
    if (result.truth == Truth::unknown && spent) throw *spent;
    return result;
  }

 private:
  std::set<std::string> symbols() const {
    std::set<std::string> result = a_traits_.symbols;
    result.insert(b_traits_.symbols.begin(), b_traits_.symbols.end());
    return result;
  }

  ScalarResult by_normal_form(const Reading& reading) const {
    const bool complex = a_traits_.imaginary || b_traits_.imaginary;
    const bool above_zero = !complex && have_same_factors(a_, b_);
    Algebra algebra(budget_, above_zero);
    Reading reading_of_a = reading;
    reading_of_a.whole_letters = a_traits_.signs || b_traits_.signs;
    Reading reading_of_b = reading_of_a;
    // An answer that repeats "the sum of ..." has not found it.
    reading_of_b.evaluate_sums = reading.evaluate_sums && a_traits_.sums;
    Poly left;
    try {
      left = Normalizer(algebra, reading_of_a)(a_);
    } catch (const Undefined&) {
      return {};
    }
    Poly right, difference;
    try {
      right = Normalizer(algebra, reading_of_b)(b_);
      difference = algebra.cleared(algebra.subtract(left, right));
    } catch (const Undefined&) {
      return {Truth::no, Tier::normal_form};
    }
    if (difference.has_no_terms() || (above_zero && (algebra.logarithms_cancel(difference) ||
                                                     have_equal_squares(algebra, left, right))))
      return where_both_are_real(reading);
    if (algebra.proves_difference(difference)) return {Truth::no, Tier::normal_form};
    return {};
  }

  // Roots of products against products of roots.
  bool have_equal_squares(Algebra& algebra, const Poly& left, const Poly& right) const {
    if (symbols().empty() || !is_never_negative(a_, budget_) || !is_never_negative(b_, budget_))
      return false;
    return algebra.is_zero(
        algebra.subtract(algebra.multiply(left, left), algebra.multiply(right, right)));
  }

  // Of equal forms: what the form dropped may have had no value.
  ScalarResult where_both_are_real(const Reading& reading) const {
    if (symbols().empty()) return {Truth::yes, Tier::normal_form};
    if (a_traits_.imaginary || b_traits_.imaginary) {
      if (differ_somewhere(a_, b_, reading, budget_)) return {Truth::no, Tier::ball};
      return {Truth::yes, Tier::normal_form};
    }
    switch (same_domain(a_, b_, reading, budget_)) {
      case SameDomain::yes:
        return {Truth::yes, Tier::normal_form};
      case SameDomain::no:
        return {Truth::no, Tier::ball};
      case SameDomain::unknown:
        return {};
    }
    return {};
  }

  ScalarResult by_constants(const Reading& reading) const {
    const bool complex = a_traits_.imaginary || b_traits_.imaginary;
    for (const int64_t bits : {64, 256}) {
      const BallVerdict verdict = compare_at(a_, b_, {}, complex, bits, reading, budget_);
      if (verdict == BallVerdict::different) return {Truth::no, Tier::ball};
      if (verdict == BallVerdict::no_rule) break;
    }
    const auto equal = equal_constants(a_, b_, reading, budget_);
    if (!equal) return {};
    return {*equal ? Truth::yes : Truth::no, Tier::algebraic};
  }

  ScalarResult by_points(const Reading& reading, bool may_confirm) const {
    const bool complex = a_traits_.imaginary || b_traits_.imaginary;
    const int64_t nodes = a_traits_.nodes + b_traits_.nodes;
    if (nodes > kMaxBallNodes) may_confirm = false;
    may_confirm = may_confirm && is_analytic(a_) && is_analytic(b_);
    Points points(a_, b_, reading, budget_);
    int64_t near = 0;
    for (int64_t i = 0; i < kTries && near < kPoints; ++i) {
      const auto next = points.next();
      if (!next) continue;
      const auto& point = *next;
      const BallVerdict quick = compare_at(a_, b_, point, complex, 96, reading, budget_);
      if (quick == BallVerdict::different || quick == BallVerdict::one_sided)
        return {Truth::no, Tier::ball};
      if (quick == BallVerdict::no_value) continue;
      if (quick == BallVerdict::no_rule) return {};
      BallVerdict verdict = BallVerdict::unsure;
      for (int64_t bits = 384; bits <= 768 && verdict == BallVerdict::unsure; bits *= 2)
        verdict = compare_at(a_, b_, point, complex, bits, reading, budget_);
      if (verdict == BallVerdict::different) return {Truth::no, Tier::ball};
      near += verdict == BallVerdict::near;
    }
    return may_confirm && near >= kPoints ? ScalarResult{Truth::yes, Tier::ball} : ScalarResult{};
  }

  const Expr& a_;
  const Expr& b_;
  Budget& budget_;
  Traits a_traits_, b_traits_;
};

// floor(log10 |value|), value != 0
int64_t leading_place(const Rational& value) {
  const Rational size = value.abs();
  const int64_t bits = size.numerator().bits() - size.denominator().bits();
  auto place = static_cast<int64_t>(static_cast<double>(bits) * 0.30103) - 1;
  while (Rational::power_of_ten(place + 1) <= size) ++place;
  while (Rational::power_of_ten(place) > size) --place;
  return place;
}

constexpr int64_t kSignificant = 6;
// Nobody is asked for more: doubles are printed with 16 or 17, and the last ones are noise.
constexpr int64_t kMostSignificant = 15;

// Whether a decimal has `digits` digits or more, behind the point and significant ones.
bool is_long(const Decimal& decimal, int64_t digits) {
  return !decimal.value.is_zero() && decimal.last_place <= Rational::power_of_ten(-digits) &&
         decimal.last_place <= Rational::power_of_ten(leading_place(decimal.value) + 1 - digits);
}

ScalarResult within(const Expr& value, const Rational& target, const Rational& bound,
                    Budget& budget) {
  if (const auto exact = exact_value(value, budget)) {
    const bool near = (*exact - target).abs() <= bound;
    return {near ? Truth::yes : Truth::no, Tier::exact};
  }
  if (!is_scalar(value)) return {};
  const auto side = ball_distance(value, target, bound, Reading{}, budget);
  if (!side) return {};
  return {*side < 0 ? Truth::yes : Truth::no, Tier::ball};
}

// The unit of a number's n-th significant digit.
Rational place_of(const Rational& value, int64_t n) {
  return Rational::power_of_ten(leading_place(value) + 1 - n);
}

// A decimal, or a fraction that is one, with as many digits behind the point as the gold or more:
// it does not round to the gold, it is the gold or another number.
bool is_as_fine(const Expr& answer, const std::optional<Decimal>& written, const Decimal& gold,
                Budget& budget) {
  if (written) return written->last_place <= gold.last_place;
  const auto exact = exact_value(answer, budget);
  return exact && exact->terminates() && !(*exact / (gold.last_place * Rational(10))).is_integer();
}

// Decimals stand for what rounds to them, within 6 to 15 significant digits.
ScalarResult compare_decimals(const Expr& gold, const Expr& answer, Budget& budget) {
  const auto gold_decimal = written_decimal(gold, budget);
  const auto answer_decimal = written_decimal(answer, budget);
  const Rational half(1, 2);
  if (gold_decimal) {
    const Rational& value = gold_decimal->value;
    if (value.is_zero() || is_as_fine(answer, answer_decimal, *gold_decimal, budget)) return {};
    const Rational place =
        std::max(std::min(gold_decimal->last_place, place_of(value, kSignificant)),
                 place_of(value, kMostSignificant));
    const ScalarResult result = within(answer, value, place * half, budget);
    if (result.truth == Truth::yes || !answer_decimal) return result;
  }
  if (!answer_decimal || !is_long(*answer_decimal, kSignificant)) return {};
  if (!gold_decimal) {
    const auto exact = exact_value(gold, budget);
    if (exact && exact->terminates()) return {};  // exactly written, it could have been
  }
  // Rounded; or, with a digit to spare, cut off: 3.1415926535 is pi.
  const Rational place =
      std::max(answer_decimal->last_place, place_of(answer_decimal->value, kMostSignificant));
  const Rational bound = is_long(*answer_decimal, kSignificant + 1) ? place : place * half;
  return within(gold, answer_decimal->value, bound, budget);
}

}  // namespace

bool is_scalar(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
    case Kind::symbol:
    case Kind::repeating:
      return expr.text != "...";
    case Kind::constant:
      return expr.text != "inf" && expr.text != "undefined";
    case Kind::integral_like:
      return true;
    case Kind::add:
    case Kind::multiply:
    case Kind::negate:
    case Kind::divide:
    case Kind::power:
    case Kind::root:
    case Kind::mixed:
    case Kind::percent:
    case Kind::degrees:
    case Kind::factorial:
    case Kind::absolute:
    case Kind::floor:
    case Kind::ceiling:
    case Kind::based:
      return std::ranges::all_of(expr.children, is_scalar);
    case Kind::function:
      return expr.text != "cases" && std::ranges::all_of(expr.children, is_scalar);
    case Kind::apply:
      return true;
    default:
      return false;
  }
}

ScalarResult same_scalar(const Expr& a, const Expr& b, Budget& budget) {
  if (a == b) return {Truth::yes, Tier::structure};
  const auto left = exact_value(a, budget);
  if (left) {
    if (const auto right = exact_value(b, budget))
      return {*left == *right ? Truth::yes : Truth::no, Tier::exact};
  }
  const ScalarPair pair(a, b, budget);
  ScalarResult result = pair.decide({});
  if (result.truth == Truth::yes) return result;
  const auto retry = [&](const Reading& reading) {
    const ScalarResult again = pair.decide(reading);
    if (again.truth == Truth::yes || result.truth == Truth::unknown) result = again;
  };
  if (pair.a_traits().bare_log || pair.b_traits().bare_log) retry({.log_is_ten = true});
  if (result.truth != Truth::yes && pair.a_traits().degrees != pair.b_traits().degrees)
    retry({.degrees_are_radians = true});
  return result;
}

ScalarResult compare_scalars(const Expr& gold, const Expr& answer, Budget& budget) {
  // A number in another base is the same digits in the same base, and nothing else.
  if (gold.kind == Kind::based && answer.kind == Kind::based) {
    const auto digits = [](const Expr& expr) {
      return expr.text.substr(std::min(expr.text.find_first_not_of('0'), expr.text.size()));
    };
    const bool same = digits(gold) == digits(answer) && gold.children == answer.children;
    return {same ? Truth::yes : Truth::no, Tier::structure};
  }
  if ((gold.kind == Kind::based) != (answer.kind == Kind::based)) {
    const Expr& based = gold.kind == Kind::based ? gold : answer;
    const Expr& other = gold.kind == Kind::based ? answer : gold;
    if (based.children[0] != Expr{Kind::number, "10"}) return {Truth::no, Tier::exact};
    return same_scalar(Expr{Kind::number, based.text}, other, budget);
  }
  ScalarResult result = same_scalar(gold, answer, budget);
  if (result.truth == Truth::yes) return result;
  const ScalarResult rounded = compare_decimals(gold, answer, budget);
  if (rounded.truth == Truth::yes) return rounded;
  if (gold.kind == Kind::percent && answer.kind != Kind::percent) {
    const ScalarResult bare = compare_scalars(gold.children[0], answer, budget);
    if (bare.truth == Truth::yes) return bare;
  }
  return result;
}

std::optional<int> order(const Expr& a, const Expr& b, Budget& budget) {
  if (const auto left = exact_value(a, budget)) {
    if (const auto right = exact_value(b, budget)) return *left < *right ? -1 : *right < *left;
  }
  if (!is_scalar(a) || !is_scalar(b)) return std::nullopt;
  const Expr difference{Kind::add, {}, {a, Expr{Kind::negate, {}, {b}}}};
  if (const auto sign = ball_sign(difference, Reading{}, budget)) return sign;
  if (same_scalar(a, b, budget).truth == Truth::yes) return 0;
  return std::nullopt;
}

}  // namespace cohort::math
