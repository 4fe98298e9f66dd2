// Sine, cosine and absolute value in normal form.
#include <algorithm>

#include "rewards/math/compare/algebra.h"

namespace cohort::math {

namespace {

// sin(n a) and cos(n a) are written out in sin(a) and cos(a) up to this n, sums of angles up to
// this many terms.
constexpr int64_t kMaxMultiple = 12;
constexpr size_t kMaxAngles = 4;

}  // namespace

// cos(r pi).
Poly Algebra::cosine_of_half_turns(Rational r) {
  r -= (r / Rational(2)).floor() * Rational(2);
  if (r > Rational(1)) r = Rational(2) - r;
  if (r > Rational(1, 2)) return negate(cosine_of_half_turns(Rational(1) - r));
  const auto root = [&](int64_t n) { return root_power(number(Rational(n)), {1, 2}); };
  const auto rational = [](int64_t n, int64_t d = 1) { return number(Rational(n, d)); };
  if (r.is_zero()) return rational(1);
  if (r == Rational(1, 2)) return {};
  if (r == Rational(1, 3)) return rational(1, 2);
  if (r == Rational(1, 4)) return scale(root(2), {1, 2});
  if (r == Rational(1, 6)) return scale(root(3), {1, 2});
  if (r == Rational(1, 5)) return scale(add(root(5), rational(1)), {1, 4});
  if (r == Rational(2, 5)) return scale(subtract(root(5), rational(1)), {1, 4});
  if (r == Rational(1, 12)) return scale(add(root(6), root(2)), {1, 4});
  if (r == Rational(5, 12)) return scale(subtract(root(6), root(2)), {1, 4});
  if (r == Rational(1, 8)) return scale(root_power(add(rational(2), root(2)), {1, 2}), {1, 2});
  if (r == Rational(3, 8)) return scale(root_power(subtract(rational(2), root(2)), {1, 2}), {1, 2});
  for (const int64_t sign : {1, -1}) {
    if (r != (sign > 0 ? Rational(1, 10) : Rational(3, 10))) continue;
    const Poly square = add(rational(10), scale(root(5), Rational(2 * sign)));
    return scale(root_power(square, {1, 2}), {1, 4});
  }
  return atom_power(intern({AtomKind::cosine, {}, {}, {scale(pi(), r)}}), {1, 1});
}

// Of a single term c m.
Algebra::SineCosine Algebra::angle(const Term& term) {
  Poly base;
  base.terms.push_back(term);
  if (term.monomial.size() == 1 && atoms_[term.monomial[0].atom].kind == AtomKind::pi &&
      term.monomial[0].power == Exponent{1, 1}) {
    return {cosine_of_half_turns(Rational(1, 2) - term.coefficient),
            cosine_of_half_turns(term.coefficient)};
  }
  const bool negative = term.coefficient.sign() < 0;
  Rational multiple = term.coefficient.numerator().abs();
  if (multiple > Rational(kMaxMultiple)) multiple = Rational(1);
  base.terms[0].coefficient = term.coefficient.abs() / multiple;
  const Poly s = atom_power(intern({AtomKind::sine, {}, {}, {base}}), {1, 1});
  const Poly c = atom_power(intern({AtomKind::cosine, {}, {}, {base}}), {1, 1});
  // f((n+1) a) = 2 cos(a) f(n a) - f((n-1) a)
  SineCosine before{{}, number(1)}, now{s, c};
  const Poly twice = scale(c, Rational(2));
  for (int64_t n = 1; n < *multiple.to_int64(); ++n) {
    SineCosine next{subtract(multiply(twice, now.sine), before.sine),
                    subtract(multiply(twice, now.cosine), before.cosine)};
    before = std::move(now);
    now = std::move(next);
  }
  if (negative) now.sine = negate(std::move(now.sine));
  return now;
}

// Of the sum of the terms from `first` on.
Algebra::SineCosine Algebra::angles(const Poly& argument, size_t first) {
  if (first == argument.terms.size()) return {{}, number(1)};
  const SineCosine a = angle(argument.terms[first]);
  if (first + 1 == argument.terms.size()) return a;
  const SineCosine b = angles(argument, first + 1);
  return {add(multiply(a.sine, b.cosine), multiply(a.cosine, b.sine)),
          subtract(multiply(a.cosine, b.cosine), multiply(a.sine, b.sine))};
}

Poly Algebra::trigonometric(const Poly& argument, bool is_sine) {
  if (!is_real(argument)) return function(is_sine ? "sin" : "cos", {argument});
  if (argument.terms.size() > kMaxAngles) {
    const bool flip = argument.terms.back().coefficient.sign() < 0;
    const AtomId id = intern({is_sine ? AtomKind::sine : AtomKind::cosine,
                              {},
                              {},
                              {flip ? negate(argument) : argument}});
    Poly result = atom_power(id, {1, 1});
    return flip && is_sine ? negate(std::move(result)) : result;
  }
  SineCosine both = angles(argument, 0);
  return is_sine ? std::move(both.sine) : std::move(both.cosine);
}

Poly Algebra::sine(const Poly& argument) { return trigonometric(argument, true); }
Poly Algebra::cosine(const Poly& argument) { return trigonometric(argument, false); }

Poly Algebra::absolute(const Poly& argument) {
  if (argument.terms.empty()) return {};
  if (!is_real(argument)) {
    const auto parts = split(argument);
    if (!parts) return function("abs", {argument});
    return root_power(
        add(multiply(parts->real, parts->real), multiply(parts->imaginary, parts->imaginary)),
        {1, 2});
  }
  if (argument.terms.size() == 1) {
    const Term& term = argument.terms[0];
    Poly result = number(term.coefficient.abs());
    for (const Factor& factor : term.monomial) {
      const Atom& atom = atoms_[factor.atom];
      if (is_positive(atom) || factor.power.num % 2 == 0 || factor.power.den % 2 == 0) {
        result = multiply(result, atom_power(factor.atom, factor.power));
        continue;
      }
      const Poly one = atom.kind == AtomKind::base ? atom.args[0] : atom_power(factor.atom, {1, 1});
      const AtomId id = intern({AtomKind::absolute, {}, {}, {one}});
      result = multiply(result, atom_power(id, factor.power));
    }
    return result;
  }
  Primitive reduced = primitive(argument);
  if (reduced.part.terms.back().coefficient.sign() < 0) reduced.part = negate(reduced.part);
  const AtomId id = intern({AtomKind::absolute, {}, {}, {reduced.part}});
  return scale(atom_power(id, {1, 1}), reduced.content);
}

std::optional<Algebra::Complex> Algebra::split(const Poly& a) const {
  std::vector<Term> real, imaginary;
  for (const Term& term : a.terms) {
    Term part = term;
    const auto is_i = [&](const Factor& factor) {
      return atoms_[factor.atom].kind == AtomKind::imaginary;
    };
    const bool turned = std::ranges::any_of(part.monomial, is_i);
    std::erase_if(part.monomial, is_i);
    Poly alone;
    alone.terms.push_back(part);
    if (!is_real(alone)) return std::nullopt;
    (turned ? imaginary : real).push_back(std::move(part));
  }
  return Complex{collect(std::move(real)), collect(std::move(imaginary))};
}

}  // namespace cohort::math
