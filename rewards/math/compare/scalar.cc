#include "rewards/math/compare/scalar.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "rewards/math/compare/algebra.h"
#include "rewards/math/compare/algebraic.h"
#include "rewards/math/compare/ball.h"
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
  bool degrees = false;    // outside functions
  bool sums = false;       // or integrals, limits
  bool elementary = true;  // in the class that balls may confirm
};

bool is_elementary(const std::string& name) {
  static constexpr std::array<std::string_view, 18> kNames = {
      "sin",  "cos",  "tan",  "cot",  "sec", "csc", "arcsin", "arccos", "arctan",
      "sinh", "cosh", "tanh", "coth", "exp", "ln",  "log",    "arsinh", "artanh"};
  return std::ranges::find(kNames, name) != kNames.end();
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
      traits.elementary = false;
      break;
    case Kind::function:
      traits.bare_log |= expr.text == "log" && expr.children.size() == 1;
      traits.elementary &= is_elementary(expr.text);
      break;
    case Kind::apply:
    case Kind::based:
    case Kind::factorial:
    case Kind::floor:
    case Kind::ceiling:
      traits.elementary = false;
      break;
    default:
      break;
  }
  for (const Expr& child : expr.children)
    collect(child, in_function || expr.kind == Kind::function, traits);
}

// A stream of 64 random bits that depends on the pair alone (splitmix64).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

uint64_t hash(const Expr& expr, uint64_t seed) {
  Random random(seed ^ (static_cast<uint64_t>(expr.kind) * 0x100000001b3u));
  uint64_t result = random.next();
  for (const char c : expr.text) result = (result ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  for (const Expr& child : expr.children) result = hash(child, result);
  return result;
}

// Points of every size and of both signs, so that no |x - 100| hides behind small ones; most are
// positive and small, where most functions are defined.
std::vector<Assignment> draw_point(const std::set<std::string>& symbols, int64_t index,
                                   Random& random) {
  static constexpr std::array<int64_t, 8> kScales = {0, 1, 2, 0, -3, 7, 20, 45};
  std::vector<Assignment> point;
  for (const std::string& symbol : symbols) {
    const auto bits = static_cast<int64_t>(random.next() >> 20) | 1;  // 44 bits
    Rational value(bits, int64_t{1} << 44);
    const int64_t scale =
        kScales[static_cast<size_t>(index + static_cast<int64_t>(point.size())) % kScales.size()];
    value =
        scale < 0 ? value / Rational(int64_t{1} << -scale) : value * Rational(int64_t{1} << scale);
    if (index % 3 == 2 && random.next() % 2 == 0) value = -value;
    point.push_back({symbol, std::move(value)});
  }
  return point;
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
    Algebra algebra(budget_);
    Reading reading_of_b = reading;
    // An answer that repeats "the sum of ..." has not found it.
    reading_of_b.evaluate_sums = reading.evaluate_sums && a_traits_.sums;
    Poly left;
    try {
      left = Normalizer(algebra, reading)(a_);
    } catch (const Undefined&) {
      return {};
    }
    Poly difference;
    try {
      difference = algebra.cleared(algebra.subtract(left, Normalizer(algebra, reading_of_b)(b_)));
    } catch (const Undefined&) {
      return {Truth::no, Tier::normal_form};
    }
    if (difference.has_no_terms()) return {Truth::yes, Tier::normal_form};
    if (algebra.proves_difference(difference)) return {Truth::no, Tier::normal_form};
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
    may_confirm &= a_traits_.elementary && b_traits_.elementary;
    const std::set<std::string> names = symbols();
    Random random(hash(b_, hash(a_, 0)));
    int64_t near = 0;
    for (int64_t i = 0; i < kTries && near < kPoints; ++i) {
      const auto point = draw_point(names, i, random);
      const BallVerdict quick = compare_at(a_, b_, point, complex, 96, reading, budget_);
      if (quick == BallVerdict::different) return {Truth::no, Tier::ball};
      if (quick == BallVerdict::no_value) continue;
      if (quick == BallVerdict::no_rule) return {};
      BallVerdict verdict = BallVerdict::unsure;
      for (int64_t bits = 384; bits <= 768 && verdict == BallVerdict::unsure; bits *= 2)
        verdict = compare_at(a_, b_, point, complex, bits, reading, budget_);
      if (verdict == BallVerdict::different) return {Truth::no, Tier::ball};
      near += verdict == BallVerdict::near;
      if (!may_confirm && near > 2) return {};
    }
    return near >= kPoints ? ScalarResult{Truth::yes, Tier::ball} : ScalarResult{};
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

// Decimals stand for what rounds to them, within six significant digits at least.
ScalarResult compare_decimals(const Expr& gold, const Expr& answer, Budget& budget) {
  const auto gold_decimal = written_decimal(gold, budget);
  const auto answer_decimal = written_decimal(answer, budget);
  const Rational half(1, 2);
  if (gold_decimal) {
    if (gold_decimal->value.is_zero()) return {};
    const Rational six =
        Rational::power_of_ten(leading_place(gold_decimal->value) + 1 - kSignificant);
    const ScalarResult result =
        within(answer, gold_decimal->value, std::min(gold_decimal->last_place, six) * half, budget);
    if (result.truth == Truth::yes || !answer_decimal) return result;
  }
  if (!answer_decimal || !is_long(*answer_decimal, kSignificant)) return {};
  if (gold_decimal) {
    if (answer_decimal->last_place < gold_decimal->last_place) return {};
  } else if (const auto exact = exact_value(gold, budget); exact && exact->terminates()) {
    return {};  // exactly written, it could have been
  }
  // Rounded; or, with a digit to spare, cut off: 3.1415926535 is pi.
  const Rational bound = is_long(*answer_decimal, kSignificant + 1)
                             ? answer_decimal->last_place
                             : answer_decimal->last_place * half;
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
