#include "rewards/math/compare/algebra.h"

#include <algorithm>
#include <numeric>

#include "core/base/error.h"

namespace cohort::math {

namespace {

// A power of a sum is multiplied out when it has at most so many terms.
constexpr int64_t kMaxExpansion = 128;
constexpr double kBitsPerDigit = 3.3219;
// Of a product of coefficients.
constexpr int64_t kBitsPerStep = 64;

int64_t fits(__int128 value) {
  constexpr int64_t kLimit = int64_t{1} << 40;
  if (value > kLimit || value < -kLimit) throw BudgetExhausted(BudgetSpent::digits);
  return static_cast<int64_t>(value);
}

}  // namespace

Exponent Exponent::of(int64_t num, int64_t den) {
  COHORT_CHECK(den != 0, "exponent: denominator 0");
  if (den < 0) return of(-num, -den);
  const int64_t g = std::gcd(num, den);
  return {num / g, den / g};
}

std::optional<Exponent> Exponent::from(const Rational& value) {
  constexpr int64_t kBits = 40;
  if (value.bits() > kBits) return std::nullopt;
  return Exponent{*value.numerator().to_int64(), *value.denominator().to_int64()};
}

Exponent operator+(const Exponent& a, const Exponent& b) {
  if (a.den == 1 && b.den == 1) return {fits(static_cast<__int128>(a.num) + b.num), 1};
  const int64_t num =
      fits(static_cast<__int128>(a.num) * b.den + static_cast<__int128>(b.num) * a.den);
  return Exponent::of(num, fits(static_cast<__int128>(a.den) * b.den));
}

Exponent operator*(const Exponent& a, const Exponent& b) {
  return Exponent::of(fits(static_cast<__int128>(a.num) * b.num),
                      fits(static_cast<__int128>(a.den) * b.den));
}

std::strong_ordering operator<=>(const Exponent& a, const Exponent& b) {
  return static_cast<__int128>(a.num) * b.den <=> static_cast<__int128>(b.num) * a.den;
}

std::optional<Rational> Poly::constant() const {
  if (terms.empty()) return Rational();
  if (terms.size() == 1 && terms[0].monomial.empty()) return terms[0].coefficient;
  return std::nullopt;
}

bool Poly::operator==(const Poly& other) const {
  return std::ranges::equal(terms, other.terms, [](const Term& a, const Term& b) {
    return a.monomial == b.monomial && a.coefficient == b.coefficient;
  });
}

void Algebra::check_digits(const Rational& value) const {
  budget_.check(BudgetSpent::digits, value.bits(), max_bits());
}

Poly Algebra::number(Rational value) {
  Poly result;
  if (!value.is_zero()) result.terms.push_back({std::move(value), {}});
  return result;
}

AtomId Algebra::intern(Atom atom) {
  budget_.step(1 + static_cast<int64_t>(atoms_.size()) / 8);
  for (AtomId id = 0; id < atoms_.size(); ++id) {
    const Atom& known = atoms_[id];
    if (known.kind == atom.kind && known.name == atom.name && known.value == atom.value &&
        known.args == atom.args)
      return id;
  }
  // The same arguments in another form: 1/(1-x) and -1/(x-1).
  for (AtomId id = 0; id < atoms_.size() && !atom.args.empty(); ++id) {
    if (atoms_[id].kind != atom.kind || atoms_[id].name != atom.name ||
        atoms_[id].args.size() != atom.args.size())
      continue;
    bool same = true;
    for (size_t i = 0; i < atom.args.size() && same; ++i)
      same = is_zero(subtract(atoms_[id].args[i], atom.args[i]));
    if (same) return id;
  }
  atoms_.push_back(std::move(atom));
  return static_cast<AtomId>(atoms_.size() - 1);
}

Poly Algebra::atom_power(AtomId id, Exponent power) {
  std::vector<Term> terms;
  if (power.is_zero()) return number(1);
  append(terms, Rational(1), {{id, power}});
  return collect(std::move(terms));
}

Poly Algebra::symbol(std::string_view name) {
  return atom_power(intern({AtomKind::symbol, std::string(name), {}, {}}), {1, 1});
}
Poly Algebra::pi() { return atom_power(intern({AtomKind::pi, {}, {}, {}}), {1, 1}); }
Poly Algebra::imaginary() { return atom_power(intern({AtomKind::imaginary, {}, {}, {}}), {1, 1}); }
Poly Algebra::prime(const Rational& value) {
  return atom_power(intern({AtomKind::prime, {}, value, {}}), {1, 1});
}
Poly Algebra::function(std::string_view name, std::vector<Poly> args) {
  return atom_power(intern({AtomKind::function, std::string(name), {}, std::move(args)}), {1, 1});
}

Poly Algebra::collect(std::vector<Term> terms) {
  Poly result;
  if (terms.size() > 1) std::ranges::stable_sort(terms, {}, &Term::monomial);
  for (Term& term : terms) {
    if (!result.terms.empty() && result.terms.back().monomial == term.monomial) {
      result.terms.back().coefficient += term.coefficient;
    } else {
      if (!result.terms.empty() && result.terms.back().coefficient.is_zero())
        result.terms.pop_back();
      result.terms.push_back(std::move(term));
    }
  }
  if (!result.terms.empty() && result.terms.back().coefficient.is_zero()) result.terms.pop_back();
  return result;
}

int64_t Algebra::max_bits() const {
  return static_cast<int64_t>(static_cast<double>(budget_.limits().digits) * kBitsPerDigit);
}

bool Algebra::expands(const Poly& base, int64_t n) const {
  if (base.terms.size() == 1 && !base.terms[0].coefficient.abs().is_one())
    return n <= max_bits() / base.terms[0].coefficient.bits();
  // (n + t - 1 choose t - 1)
  int64_t count = 1;
  for (int64_t i = 1; i < static_cast<int64_t>(base.terms.size()); ++i) {
    if (n > kMaxExpansion) return false;
    count = count * (n + i) / i;
    if (count > kMaxExpansion) return false;
  }
  return true;
}

void Algebra::append(std::vector<Term>& terms, Rational c, Monomial m) {
  budget_.step(1 + static_cast<int64_t>(m.size()) / 2);
  std::vector<std::pair<Poly, int64_t>> expansions;
  for (Factor& factor : m) {
    const Atom& atom = atoms_[factor.atom];
    Exponent& e = factor.power;
    switch (atom.kind) {
      case AtomKind::prime: {
        const int64_t whole = e.floor();
        if (whole == 0 || std::abs(whole) > max_bits() / atom.value.bits()) break;
        const Rational power = atom.value.power(std::abs(whole));
        if (whole > 0) {
          c *= power;
        } else {
          c /= power;
        }
        check_digits(c);
        e = e + Exponent{-whole, 1};
        break;
      }
      case AtomKind::imaginary: {
        if (!e.is_integer()) break;
        const int64_t quarter = ((e.num % 4) + 4) % 4;
        if (quarter >= 2) c = -c;
        e = {quarter % 2, 1};
        break;
      }
      case AtomKind::base: {
        const int64_t whole = e.floor();
        if (whole < 1 || !expands(atom.args[0], whole)) break;
        expansions.emplace_back(atom.args[0], whole);
        e = e + Exponent{-whole, 1};
        break;
      }
      case AtomKind::sine:
      case AtomKind::absolute: {
        const int64_t pairs = e.floor() / 2;
        if (pairs < 1 || pairs > kMaxExpansion) break;
        e = e + Exponent{-2 * pairs, 1};
        if (atom.kind == AtomKind::absolute) {
          expansions.emplace_back(atom.args[0], 2 * pairs);
          break;
        }
        const AtomId cosine = intern({AtomKind::cosine, {}, {}, {atom.args[0]}});
        expansions.emplace_back(subtract(number(1), atom_power(cosine, {2, 1})), pairs);
        break;
      }
      case AtomKind::function:
        // ((-1)^n)^2 is 1 where (-1)^n is real.
        if (e.is_integer() && atom.name == "power" && atom.args[0].constant() == Rational(-1))
          e = {((e.num % 2) + 2) % 2, 1};
        break;
      default:
        break;
    }
  }
  std::erase_if(m, [](const Factor& factor) { return factor.power.is_zero(); });
  if (expansions.empty()) {
    terms.push_back({std::move(c), std::move(m)});
    return;
  }
  Poly product;
  product.terms.push_back({std::move(c), std::move(m)});
  for (const auto& [base, n] : expansions) product = multiply(product, whole_power(base, n));
  for (Term& term : product.terms) terms.push_back(std::move(term));
}

Poly Algebra::add(const Poly& a, const Poly& b) {
  if (a.terms.empty()) return b;
  if (b.terms.empty()) return a;
  budget_.step(static_cast<int64_t>(std::max(a.terms.size(), b.terms.size()) / 4));
  Poly result;
  result.terms.reserve(a.terms.size() + b.terms.size());
  auto left = a.terms.begin();
  auto right = b.terms.begin();
  while (left != a.terms.end() && right != b.terms.end()) {
    const auto order = left->monomial <=> right->monomial;
    if (order < 0) {
      result.terms.push_back(*left++);
    } else if (order > 0) {
      result.terms.push_back(*right++);
    } else {
      Rational sum = left->coefficient + right->coefficient;
      check_digits(sum);
      if (!sum.is_zero()) result.terms.push_back({std::move(sum), left->monomial});
      ++left;
      ++right;
    }
  }
  result.terms.insert(result.terms.end(), left, a.terms.end());
  result.terms.insert(result.terms.end(), right, b.terms.end());
  return result;
}

Poly Algebra::negate(Poly a) const {
  for (Term& term : a.terms) term.coefficient = -term.coefficient;
  return a;
}

Poly Algebra::scale(Poly a, const Rational& factor) {
  if (factor.is_zero()) return {};
  for (Term& term : a.terms) {
    term.coefficient *= factor;
    check_digits(term.coefficient);
  }
  return a;
}

namespace {

Monomial merge(const Monomial& a, const Monomial& b) {
  Monomial result;
  result.reserve(a.size() + b.size());
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    if (left->atom < right->atom) {
      result.push_back(*left++);
    } else if (right->atom < left->atom) {
      result.push_back(*right++);
    } else {
      const Exponent sum = left->power + right->power;
      if (!sum.is_zero()) result.push_back({left->atom, sum});
      ++left;
      ++right;
    }
  }
  result.insert(result.end(), left, a.end());
  result.insert(result.end(), right, b.end());
  return result;
}

}  // namespace

Poly Algebra::multiply(const Poly& a, const Poly& b) {
  if (const auto factor = a.constant()) return scale(b, *factor);
  if (const auto factor = b.constant()) return scale(a, *factor);
  std::vector<Term> terms;
  terms.reserve(a.terms.size() * b.terms.size());
  for (const Term& left : a.terms) {
    for (const Term& right : b.terms) {
      Rational c = left.coefficient * right.coefficient;
      check_digits(c);
      budget_.step(c.bits() / kBitsPerStep);
      append(terms, std::move(c), merge(left.monomial, right.monomial));
    }
  }
  return collect(std::move(terms));
}

Poly Algebra::divide(const Poly& a, const Poly& b) { return multiply(a, whole_power(b, -1)); }

Poly Algebra::whole_power(const Poly& base, int64_t n) {
  if (n == 1) return base;
  if (is_zero(base)) {
    if (n <= 0) throw Undefined{};
    return {};
  }
  if (n == 0) return number(1);
  if (base.terms.size() == 1) {
    const Term& term = base.terms[0];
    Poly power;
    if (term.coefficient.abs().is_one()) {
      power = number(n % 2 == 0 ? Rational(1) : term.coefficient);
    } else if (std::abs(n) <= max_bits() / term.coefficient.bits()) {
      const Rational whole = term.coefficient.power(std::abs(n));
      power = number(n > 0 ? whole : whole.inverse());
    } else {
      power = positive_power(term.coefficient.abs(), {n, 1});
      if (term.coefficient.sign() < 0 && n % 2 != 0) power = negate(std::move(power));
    }
    Monomial m = term.monomial;
    for (Factor& factor : m) factor.power = factor.power * Exponent{n, 1};
    std::vector<Term> terms;
    append(terms, Rational(1), std::move(m));
    return multiply(power, collect(std::move(terms)));
  }
  if (n < 0 || !expands(base, n)) {
    const Primitive reduced = primitive(base);
    const bool flip = reduced.part.terms.back().coefficient.sign() < 0;
    const AtomId id =
        intern({AtomKind::base, {}, {}, {flip ? negate(reduced.part) : reduced.part}});
    Poly result = multiply(positive_power(reduced.content, {n, 1}), atom_power(id, {n, 1}));
    return flip && n % 2 != 0 ? negate(std::move(result)) : result;
  }
  Poly result = n % 2 != 0 ? base : number(1);
  Poly square = base;
  for (int64_t rest = n / 2; rest > 0; rest /= 2) {
    square = multiply(square, square);
    if (rest % 2 != 0) result = multiply(result, square);
  }
  return result;
}

Poly Algebra::cleared(Poly a) {
  for (;;) {
    std::optional<Factor> lowest;
    for (const Term& term : a.terms) {
      for (const Factor& factor : term.monomial) {
        const AtomKind kind = atoms_[factor.atom].kind;
        if (factor.power.num >= 0 ||
            (kind != AtomKind::base && kind != AtomKind::sine && kind != AtomKind::absolute))
          continue;
        if (!lowest || factor.atom > lowest->atom ||
            (factor.atom == lowest->atom && factor.power < lowest->power))
          lowest = factor;
      }
    }
    if (!lowest) return a;
    Poly denominator;
    denominator.terms.push_back(
        {Rational(1), {{lowest->atom, Exponent{-lowest->power.floor(), 1}}}});
    a = multiply(a, denominator);
  }
}

bool Algebra::is_zero(const Poly& a) {
  if (a.terms.size() <= 1) return a.terms.empty();
  return cleared(a).terms.empty();
}

bool Algebra::proves_difference(const Poly& cleared) const {
  if (cleared.terms.empty()) return false;
  for (const Term& term : cleared.terms) {
    for (const Factor& factor : term.monomial) {
      const AtomKind kind = atoms_[factor.atom].kind;
      const bool independent = kind == AtomKind::symbol || kind == AtomKind::pi ||
                               (kind == AtomKind::imaginary && factor.power.is_integer()) ||
                               (kind == AtomKind::prime && factor.power.floor() == 0);
      if (!independent) return false;
    }
  }
  return true;
}

bool Algebra::is_real(const Poly& a) const {
  return std::ranges::all_of(a.terms, [&](const Term& term) {
    return std::ranges::all_of(term.monomial, [&](const Factor& factor) {
      const Atom& atom = atoms_[factor.atom];
      return atom.kind != AtomKind::imaginary &&
             (atom.kind == AtomKind::absolute ||
              std::ranges::all_of(atom.args, [&](const Poly& arg) { return is_real(arg); }));
    });
  });
}

bool Algebra::has_symbols(const Poly& a) const {
  return std::ranges::any_of(a.terms, [&](const Term& term) {
    return std::ranges::any_of(term.monomial, [&](const Factor& factor) {
      const Atom& atom = atoms_[factor.atom];
      return atom.kind == AtomKind::symbol ||
             std::ranges::any_of(atom.args, [&](const Poly& arg) { return has_symbols(arg); });
    });
  });
}

}  // namespace cohort::math
