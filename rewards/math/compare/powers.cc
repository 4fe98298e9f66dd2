// Powers, roots, exponentials and logarithms in normal form.
#include <algorithm>

#include "rewards/math/compare/algebra.h"

namespace cohort::math {

Algebra::Primitive Algebra::primitive(const Poly& a) {
  Rational numerators, denominators(1);
  for (const Term& term : a.terms) {
    const Rational n = term.coefficient.numerator(), d = term.coefficient.denominator();
    numerators = numerators.is_zero() ? n.abs() : integer_gcd(numerators, n);
    denominators = denominators / integer_gcd(denominators, d) * d;
    check_digits(denominators);
    budget_.step(1 + (n.bits() + d.bits()) / 32);
  }
  Rational content = numerators / denominators;
  Poly part = scale(a, content.inverse());
  return {std::move(content), std::move(part)};
}

Algebra::Common Algebra::common(const Poly& a, bool even) {
  Common result;
  for (const Factor& factor : a.terms[0].monomial) {
    const AtomKind kind = atoms_[factor.atom].kind;
    if (kind == AtomKind::symbol || kind == AtomKind::base) result.factors.push_back(factor);
  }
  // Denominators of later terms, too.
  for (const Term& term : a.terms) {
    for (const Factor& factor : term.monomial) {
      const AtomKind kind = atoms_[factor.atom].kind;
      if (factor.power.num < 0 && (kind == AtomKind::symbol || kind == AtomKind::base) &&
          std::ranges::none_of(result.factors,
                               [&](const Factor& known) { return known.atom == factor.atom; }))
        result.factors.push_back(factor);
    }
  }
  for (Factor& factor : result.factors) {
    for (const Term& term : a.terms) {
      const auto same = std::ranges::find(term.monomial, factor.atom, &Factor::atom);
      factor.power = std::min(factor.power, same == term.monomial.end() ? Exponent{} : same->power);
    }
  }
  for (Factor& factor : result.factors)
    if (even)
      factor.power = factor.power.is_integer() ? Exponent{factor.power.num / 2 * 2, 1} : Exponent{};
  std::erase_if(result.factors, [](const Factor& factor) { return factor.power.is_zero(); });
  if (result.factors.empty()) return result;
  // Factor by factor: a whole power of a sum would be multiplied out.
  std::vector<Term> terms;
  for (const Term& term : a.terms) {
    Monomial rest = term.monomial;
    for (const Factor& factor : result.factors) {
      const auto same = std::ranges::find(rest, factor.atom, &Factor::atom);
      const Exponent inverse = factor.power * Exponent{-1, 1};
      if (same != rest.end()) {
        same->power = same->power + inverse;
      } else {
        rest.insert(std::ranges::lower_bound(rest, factor.atom, {}, &Factor::atom),
                    {factor.atom, inverse});
      }
    }
    append(terms, term.coefficient, std::move(rest));
  }
  result.rest = collect(std::move(terms));
  return result;
}

bool Algebra::is_positive(const Atom& atom) const {
  return atom.kind == AtomKind::prime || atom.kind == AtomKind::pi ||
         atom.kind == AtomKind::absolute ||
         (atom.kind == AtomKind::exponential && is_real(atom.args[0]));
}

Poly Algebra::positive_power(const Rational& value, Exponent power) {
  Poly result = number(1);
  if (value.is_one()) return result;
  for (const bool below : {false, true}) {
    const Rational part = below ? value.denominator() : value.numerator();
    if (part.is_one()) continue;
    budget_.step(4);
    for (const IntegerFactor& factor : factorize(part)) {
      const Exponent e = power * Exponent{below ? -factor.power : factor.power, 1};
      if (factor.prime) {
        result = multiply(result, atom_power(intern({AtomKind::prime, {}, factor.value, {}}), e));
      } else {
        result = multiply(result,
                          atom_power(intern({AtomKind::base, {}, {}, {number(factor.value)}}), e));
      }
    }
  }
  return result;
}

Poly Algebra::factor_power(const Factor& factor, Exponent power) {
  const Atom& atom = atoms_[factor.atom];
  const Exponent product = factor.power * power;
  // The root of an even power is never negative: sqrt(x^2) = |x|.
  if (!is_positive(atom) && factor.power.num % 2 == 0 && power.den % 2 == 0 &&
      product.num % 2 != 0) {
    const Poly size =
        absolute(atom.kind == AtomKind::base ? atom.args[0] : atom_power(factor.atom, {1, 1}));
    return root_power(size, product);
  }
  return atom_power(factor.atom, product);
}

// q with q^2 = a, when the squares among a's terms are those of q's: x^2 - 2xy + y^2.
std::optional<Poly> Algebra::square_root(const Poly& a) {
  constexpr size_t kMaxTerms = 10, kMaxRoots = 4;
  if (a.terms.size() < 3 || a.terms.size() > kMaxTerms || !is_real(a)) return std::nullopt;
  std::vector<Poly> roots;
  for (const Term& term : a.terms) {
    if (term.coefficient.sign() < 0 || std::ranges::any_of(term.monomial, [](const Factor& factor) {
          return !factor.power.is_integer() || factor.power.num % 2 != 0;
        }))
      continue;
    const auto size = positive_power(term.coefficient, {1, 2}).constant();
    if (!size) continue;
    Poly root;
    root.terms.push_back({*size, term.monomial});
    for (Factor& factor : root.terms[0].monomial) factor.power = factor.power * Exponent{1, 2};
    roots.push_back(std::move(root));
  }
  if (roots.size() < 2 || roots.size() > kMaxRoots) return std::nullopt;
  for (size_t signs = 0; signs < size_t{1} << (roots.size() - 1); ++signs) {
    Poly sum = roots[0];
    for (size_t i = 1; i < roots.size(); ++i)
      sum = add(sum, (signs >> (i - 1) & 1) != 0 ? negate(roots[i]) : roots[i]);
    if (multiply(sum, sum) == a) return sum;
  }
  return std::nullopt;
}

// Of odd roots the real one is meant: the cube root of -8 is -2.
Poly Algebra::root_power(const Poly& base, Exponent power) {
  if (power.is_integer()) return whole_power(base, power.num);
  if (is_zero(base)) {
    if (power.num < 0) throw Undefined{};
    return {};
  }
  const bool odd_root = power.den % 2 != 0;
  const auto sign = [&](Poly value) {
    return power.num % 2 != 0 ? negate(std::move(value)) : value;
  };
  if (base.terms.size() == 1 && is_real(base)) {
    const Term& term = base.terms[0];
    const bool negative = term.coefficient.sign() < 0;
    const bool positive_atoms = std::ranges::all_of(
        term.monomial, [&](const Factor& factor) { return is_positive(atoms_[factor.atom]); });
    if (!negative || odd_root || (power.den == 2 && positive_atoms)) {
      Poly result = positive_power(term.coefficient.abs(), power);
      for (const Factor& factor : term.monomial)
        result = multiply(result, factor_power(factor, power));
      if (!negative) return result;
      if (odd_root) return sign(std::move(result));
      return multiply(result, whole_power(imaginary(), power.num));
    }
  }
  if (const Common parts = common(base, !odd_root && !factors_above_zero_);
      !parts.factors.empty() && is_real(base)) {
    Poly result = root_power(parts.rest, power);
    for (const Factor& factor : parts.factors)
      result = multiply(result, factor_power(factor, power));
    return result;
  }
  if (!odd_root) {
    if (const auto root = square_root(base))
      return root_power(absolute(*root), power * Exponent{2, 1});
  }
  Primitive reduced = primitive(base);
  const bool flip = odd_root && is_real(base) && reduced.part.terms.back().coefficient.sign() < 0;
  if (flip) reduced.part = negate(std::move(reduced.part));
  const AtomId id = intern({AtomKind::base, {}, {}, {reduced.part}});
  Poly result = multiply(positive_power(reduced.content, power), atom_power(id, power));
  return flip ? sign(std::move(result)) : result;
}

Poly Algebra::power(const Poly& base, const Poly& exponent) {
  if (const auto value = exponent.constant()) {
    if (const auto power = Exponent::from(*value)) return root_power(base, *power);
  }
  if (is_zero(base)) throw NoScalar{};
  if (const auto value = base.constant(); value && value->is_one()) return number(1);
  const bool positive_terms = base.terms.size() > 1 || base.terms[0].coefficient.sign() > 0;
  if (positive_terms && is_real(base)) return exponential(multiply(exponent, logarithm(base)));
  // (-2)^n = (-1)^n 2^n
  if (base.constant() && !base.constant()->abs().is_one()) {
    return multiply(power(number(-1), exponent), power(negate(base), exponent));
  }
  Poly result = number(1);
  for (const Term& term : exponent.terms) {
    if (const auto whole = Exponent::from(term.coefficient); whole && whole->is_integer()) {
      Poly one;
      one.terms.push_back({Rational(1), term.monomial});
      result = multiply(result, term.monomial.empty()
                                    ? whole_power(base, whole->num)
                                    : whole_power(function("power", {base, one}), whole->num));
    } else {
      Poly part;
      part.terms.push_back(term);
      result = multiply(result, function("power", {base, part}));
    }
  }
  return result;
}

Poly Algebra::exponential(const Poly& exponent) {
  Poly result = number(1);
  for (const Term& term : exponent.terms) {
    Poly rest;
    rest.terms.push_back(term);
    const bool turns = std::ranges::any_of(term.monomial, [&](const Factor& factor) {
      return atoms_[factor.atom].kind == AtomKind::imaginary;
    });
    if (turns) {
      std::erase_if(rest.terms[0].monomial, [&](const Factor& factor) {
        return atoms_[factor.atom].kind == AtomKind::imaginary;
      });
      result = multiply(result, add(cosine(rest), multiply(imaginary(), sine(rest))));
      continue;
    }
    const auto c = Exponent::from(term.coefficient);
    if (c && term.monomial.size() == 1 && term.monomial[0].power == Exponent{1, 1}) {
      const Atom& atom = atoms_[term.monomial[0].atom];
      if (atom.kind == AtomKind::function && atom.name == "ln") {
        result = multiply(result, root_power(atom.args[0], *c));
        continue;
      }
    }
    if (c) rest.terms[0].coefficient = Rational(1);
    const AtomId id = intern({AtomKind::exponential, {}, {}, {rest}});
    result = multiply(result, atom_power(id, c.value_or(Exponent{1, 1})));
  }
  return result;
}

Poly Algebra::log_of_positive(const Rational& value) {
  Poly result;
  if (value.is_one()) return result;
  for (const bool below : {false, true}) {
    const Rational part = below ? value.denominator() : value.numerator();
    if (part.is_one()) continue;
    budget_.step(4);
    for (const IntegerFactor& factor : factorize(part))
      result = add(result, scale(function("ln", {number(factor.value)}),
                                 Rational(below ? -factor.power : factor.power)));
  }
  return result;
}

Poly Algebra::log_of_factor(const Factor& factor) {
  const Atom& atom = atoms_[factor.atom];
  const Rational power = factor.power.rational();
  switch (atom.kind) {
    case AtomKind::prime:
      return scale(log_of_positive(atom.value), power);
    case AtomKind::exponential:
      return scale(atom.args[0], power);
    default:
      break;
  }
  const bool even = factor.power.num % 2 == 0 && !is_positive(atom);
  if (atom.kind == AtomKind::base) {
    if (!even) return scale(function("ln", {atom.args[0]}), power);
    return scale(function("ln", {absolute(atom.args[0])}), power);
  }
  const Poly one = atom_power(factor.atom, {1, 1});
  return scale(function("ln", {even ? absolute(one) : one}), power);
}

bool Algebra::logarithms_cancel(const Poly& cleared) {
  constexpr int64_t kMaxPower = 8;
  Rational denominators(1);
  for (const Term& term : cleared.terms) {
    if (term.monomial.size() != 1 || term.monomial[0].power != Exponent{1, 1}) return false;
    const Atom& atom = atoms_[term.monomial[0].atom];
    if (atom.kind != AtomKind::function || atom.name != "ln" || !is_real(atom.args[0]))
      return false;
    const Rational d = term.coefficient.denominator();
    denominators = denominators / integer_gcd(denominators, d) * d;
    if (denominators > Rational(kMaxPower)) return false;
  }
  // The product of their arguments is 1.
  Poly above = number(1), below = number(1);
  for (const Term& term : cleared.terms) {
    const auto power = (term.coefficient * denominators).to_int64();
    if (!power || std::abs(*power) > kMaxPower) return false;
    const Poly argument = atoms_[term.monomial[0].atom].args[0];
    Poly& side = *power > 0 ? above : below;
    side = multiply(side, whole_power(argument, std::abs(*power)));
  }
  return is_zero(subtract(above, below));
}

Poly Algebra::logarithm(const Poly& argument) {
  if (is_zero(argument)) throw Undefined{};
  if (!is_real(argument)) return function("ln", {argument});
  if (argument.terms.size() == 1) {
    const Term& term = argument.terms[0];
    if (term.coefficient.sign() < 0) return function("ln", {argument});
    Poly result = log_of_positive(term.coefficient);
    for (const Factor& factor : term.monomial) result = add(result, log_of_factor(factor));
    return result;
  }
  if (const Common parts = common(argument, !factors_above_zero_); !parts.factors.empty()) {
    Poly result = logarithm(parts.rest);
    for (const Factor& factor : parts.factors) result = add(result, log_of_factor(factor));
    return result;
  }
  const Primitive reduced = primitive(argument);
  return add(log_of_positive(reduced.content), function("ln", {reduced.part}));
}

}  // namespace cohort::math
