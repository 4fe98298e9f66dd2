#include "rewards/math/compare/domain.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

constexpr int64_t kDomainPoints = 12;
constexpr int64_t kBits = 96;

// The exponent of a power or root that is a number; nothing for others.
std::optional<Rational> exponent_of(const Expr& expr) {
  const Budget budget;
  const auto value = exact_value(expr.children[1], budget);
  if (!value || expr.kind == Kind::power) return value;
  return value->is_zero() ? std::nullopt : std::optional(value->inverse());
}

bool is_logarithm(const Expr& expr) {
  return expr.kind == Kind::function && (expr.text == "ln" || expr.text == "log");
}

// Of a variable, with an exponent that is no whole number or odd root's.
bool is_even_root(const Expr& expr) {
  if (expr.kind != Kind::power && expr.kind != Kind::root) return false;
  if (is_closed(expr.children[0])) return false;
  const auto exponent = exponent_of(expr);
  return !exponent || exponent->denominator().is_even();
}

bool is_analytic_function(const std::string& name) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "exp"};
  return std::ranges::find(kNames, name) != kNames.end();
}

// Pushes the factors of a product whose signs decide the product's.
void odd_factors(const Expr& expr, std::vector<const Expr*>& factors) {
  switch (expr.kind) {
    case Kind::number:
      return;
    case Kind::multiply:
    case Kind::divide:
      for (const Expr& child : expr.children) odd_factors(child, factors);
      return;
    case Kind::power:
    case Kind::root: {
      const auto exponent = exponent_of(expr);
      if (exponent && !exponent->denominator().is_even()) {
        if (!exponent->numerator().is_even()) odd_factors(expr.children[0], factors);
        return;
      }
      break;
    }
    default:
      break;
  }
  if (!is_closed(expr)) factors.push_back(&expr);
}

void collect(const Expr& expr, std::set<std::string>& symbols, std::vector<const Expr*>& factors) {
  if (expr.kind == Kind::symbol) symbols.insert(expr.text);
  if (is_even_root(expr) || is_logarithm(expr)) odd_factors(expr.children[0], factors);
  for (const Expr& child : expr.children) collect(child, symbols, factors);
}

// splitmix64
uint64_t mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
constexpr uint64_t kStride = 0x9e3779b97f4a7c15u;

uint64_t hash(const Expr& expr, uint64_t seed) {
  constexpr uint64_t kPrime = 0x100000001b3u;
  uint64_t result = mixed((seed ^ (static_cast<uint64_t>(expr.kind) * kPrime)) + kStride);
  for (const char c : expr.text) result = (result ^ static_cast<uint8_t>(c)) * kPrime;
  for (const Expr& child : expr.children) result = hash(child, result);
  return result;
}

}  // namespace

bool is_analytic(const Expr& expr) {
  switch (expr.kind) {
    case Kind::integral_like:
    case Kind::apply:
    case Kind::based:
    case Kind::factorial:
    case Kind::floor:
    case Kind::ceiling:
      return false;
    case Kind::absolute:
      if (!is_closed(expr)) return false;
      break;
    case Kind::power:
    case Kind::root:
      if (is_even_root(expr)) return false;
      break;
    case Kind::function:
      if (!is_analytic_function(expr.text) && !(is_closed(expr) && expr.children.size() <= 2))
        return false;
      break;
    default:
      break;
  }
  return std::ranges::all_of(expr.children, is_analytic);
}

bool is_partial(const Expr& expr) {
  return any_node(expr, [](const Expr& node) {
    switch (node.kind) {
      case Kind::power:
      case Kind::root:
        return is_even_root(node);
      case Kind::divide:
        return !is_closed(node.children[1]) && any_node(node.children[1], [](const Expr& part) {
          return part.kind == Kind::function || part.kind == Kind::absolute ||
                 part.kind == Kind::root;
        });
      case Kind::function:
        return !is_analytic_function(node.text) && !is_closed(node);
      default:
        return false;
    }
  });
}

Points::Points(const Expr& a, const Expr& b, const Reading& reading, Budget& budget)
    : state_(hash(b, hash(a, 0))), reading_(reading), budget_(budget) {
  std::set<std::string> symbols;
  std::vector<const Expr*> of_a, of_b;
  collect(a, symbols, of_a);
  collect(b, symbols, of_b);
  symbols_.assign(symbols.begin(), symbols.end());
  is_positive_.resize(symbols_.size());
  for (const Expr* factor : of_a) {
    if (std::ranges::none_of(of_b, [&](const Expr* other) { return *other == *factor; })) continue;
    if (factor->kind == Kind::symbol) {
      const auto place = std::ranges::find(symbols_, factor->text) - symbols_.begin();
      is_positive_[static_cast<size_t>(place)] = true;
    } else {
      factors_.push_back(factor);
    }
  }
}

uint64_t Points::random() { return mixed(state_ += kStride); }

std::optional<std::vector<Assignment>> Points::next() {
  static constexpr std::array<int64_t, 8> kScales = {0, 1, 2, 0, -3, 7, 20, 45};
  std::vector<Assignment> point;
  for (const std::string& symbol : symbols_) {
    const size_t place = point.size();
    const uint64_t bits = random();
    Rational value(static_cast<int64_t>(bits >> 20) | 1, int64_t{1} << 44);
    const int64_t scale = kScales[(static_cast<size_t>(index_) + place) % kScales.size()];
    value =
        scale < 0 ? value / Rational(int64_t{1} << -scale) : value * Rational(int64_t{1} << scale);
    const bool negative = index_ < 2 ? index_ == 1 : bits % 2 == 0;
    if (negative && !is_positive_[place]) value = -value;
    point.push_back({symbol, std::move(value)});
  }
  ++index_;
  for (const Expr* factor : factors_)
    if (is_negative_at(*factor, point, reading_, budget_)) return std::nullopt;
  return point;
}

bool have_same_factors(const Expr& a, const Expr& b) {
  std::set<std::string> symbols;
  std::vector<const Expr*> of_a, of_b;
  collect(a, symbols, of_a);
  collect(b, symbols, of_b);
  const auto all_in = [](const std::vector<const Expr*>& some,
                         const std::vector<const Expr*>& others) {
    return std::ranges::all_of(some, [&](const Expr* factor) {
      return is_even_root(*factor) ||
             std::ranges::any_of(others, [&](const Expr* other) { return *other == *factor; });
    });
  };
  return !of_a.empty() && !of_b.empty() && all_in(of_a, of_b) && all_in(of_b, of_a);
}

bool differ_somewhere(const Expr& a, const Expr& b, const Reading& reading, Budget& budget) {
  if (!is_partial(a) && !is_partial(b)) return false;
  Points points(a, b, reading, budget);
  for (int64_t i = 0; i < kDomainPoints; ++i) {
    const auto point = points.next();
    if (point && compare_at(a, b, *point, true, kBits, reading, budget) == BallVerdict::different)
      return true;
  }
  return false;
}

SameDomain same_domain(const Expr& a, const Expr& b, const Reading& reading, Budget& budget) {
  if (!is_partial(a) && !is_partial(b)) return SameDomain::yes;
  Points points(a, b, reading, budget);
  bool seen = false;
  for (int64_t i = 0; i < kDomainPoints; ++i) {
    const auto point = points.next();
    if (!point || point->empty()) continue;
    const Presence left = presence_at(a, *point, reading, budget);
    const Presence right = presence_at(b, *point, reading, budget);
    if ((left == Presence::real && right == Presence::none) ||
        (left == Presence::none && right == Presence::real))
      return SameDomain::no;
    // What is equal up to signs of factors is told apart by its values.
    if (left == Presence::real && right == Presence::real &&
        compare_at(a, b, *point, false, kBits, reading, budget) == BallVerdict::different)
      return SameDomain::no;
    seen |= left == right || left == Presence::no_rule || right == Presence::no_rule;
  }
  return seen ? SameDomain::yes : SameDomain::unknown;
}

}  // namespace cohort::math
