// The normal form of a scalar: a sum of rational multiples of monomials in atoms with rational
// exponents (negative ones too: 1/(x+1) is an atom's power -1). Atoms are symbols, prime numbers
// under a root, i, pi, sums under a power, and applications of functions, written in few of them:
// trigonometry as sin and cos of single monomials, logarithms of primes and of single factors,
// exponentials of single monomials. Two scalars are equal when the difference of their forms,
// cleared of denominators, has no terms; some differences are also proofs of the contrary.
//
// Variables are real. Forms are equal where both expressions have real values; a variable with an
// odd exponent under an even root or a logarithm is taken to be above 0. Where they have them is
// for others to say (domain.h).
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/math/budget.h"
#include "rewards/math/compare/rational.h"

namespace cohort::math {

// The expression has no value: 1/0, 0^0, log 0.
struct Undefined {};
// The expression is no scalar, or holds what no rule covers.
struct NoScalar {};

// A rational exponent of machine size. Throws BudgetExhausted when it does not fit.
struct Exponent {
  int64_t num = 0;
  int64_t den = 1;  // > 0, coprime to num

  static Exponent of(int64_t num, int64_t den);
  static std::optional<Exponent> from(const Rational& value);
  Rational rational() const { return {num, den}; }
  bool is_zero() const { return num == 0; }
  bool is_integer() const { return den == 1; }
  int64_t floor() const { return num >= 0 ? num / den : -((-num + den - 1) / den); }
  friend Exponent operator+(const Exponent& a, const Exponent& b);
  friend Exponent operator*(const Exponent& a, const Exponent& b);
  friend bool operator==(const Exponent&, const Exponent&) = default;
  friend std::strong_ordering operator<=>(const Exponent& a, const Exponent& b);
};

using AtomId = uint32_t;

struct Factor {
  AtomId atom = 0;
  Exponent power;
  friend bool operator==(const Factor&, const Factor&) = default;
  friend std::strong_ordering operator<=>(const Factor&, const Factor&) = default;
};
using Monomial = std::vector<Factor>;  // by atom; no power is 0

struct Term {
  Rational coefficient;  // not 0
  Monomial monomial;
};

struct Poly {
  std::vector<Term> terms;  // by monomial

  bool has_no_terms() const { return terms.empty(); }
  // The number that it is.
  std::optional<Rational> constant() const;
  bool operator==(const Poly& other) const;
};

enum class AtomKind : uint8_t {
  symbol,     // a real variable
  prime,      // a prime number, under a root: its exponent is in (0, 1)
  imaginary,  // i
  pi,
  base,         // a sum (args[0]) under a power
  sine,         // of args[0]; squares become 1 - cos^2
  cosine,       // of args[0]
  absolute,     // of args[0]; squares become those of args[0]
  exponential,  // e to the monomial args[0]
  function,     // anything else: `name` of args
};

struct Atom {
  AtomKind kind = AtomKind::symbol;
  std::string name;  // of symbols, functions
  Rational value;    // of primes
  std::vector<Poly> args;
};

class Algebra {
 public:
  // `factors_above_zero`: every factor of what stands under an even root or in a logarithm is above
  // 0, so that these may be taken apart.
  explicit Algebra(Budget& budget, bool factors_above_zero = false)
      : budget_(budget), factors_above_zero_(factors_above_zero) {}
  Algebra(const Algebra&) = delete;
  Algebra& operator=(const Algebra&) = delete;

  Budget& budget() { return budget_; }
  const Atom& atom(AtomId id) const { return atoms_[id]; }

  // algebra.cc
  static Poly number(Rational value);
  Poly symbol(std::string_view name);
  Poly pi();
  Poly imaginary();
  Poly function(std::string_view name, std::vector<Poly> args);
  Poly add(const Poly& a, const Poly& b);
  Poly negate(Poly a) const;
  Poly subtract(const Poly& a, const Poly& b) { return add(a, negate(b)); }
  Poly scale(Poly a, const Rational& factor);
  Poly multiply(const Poly& a, const Poly& b);
  Poly divide(const Poly& a, const Poly& b);  // throws Undefined
  Poly whole_power(const Poly& base, int64_t n);
  // Multiplied by its denominators until none is left: no terms are left iff the form is 0.
  Poly cleared(Poly a);
  bool is_zero(const Poly& a);
  // Whether `cleared` (not 0) cannot be 0 in another form: its atoms are independent.
  bool proves_difference(const Poly& cleared) const;
  bool is_real(const Poly& a) const;      // no i in it
  bool has_symbols(const Poly& a) const;  // in it or in its functions

  // powers.cc
  Poly power(const Poly& base, const Poly& exponent);
  Poly root_power(const Poly& base, Exponent exponent);
  Poly exponential(const Poly& exponent);
  Poly logarithm(const Poly& argument);  // natural
  // Whether `cleared` (not 0) is a sum of logarithms that is 0 where all factors are above 0: ln x
  // + ln(x+1) - ln(x^2+x).
  bool logarithms_cancel(const Poly& cleared);

  // functions.cc
  Poly sine(const Poly& argument);
  Poly cosine(const Poly& argument);
  Poly absolute(const Poly& argument);
  // a + b i with real a and b; nothing when an atom hides which.
  struct Complex {
    Poly real, imaginary;
  };
  std::optional<Complex> split(const Poly& a) const;

 private:
  AtomId intern(Atom atom);
  Poly atom_power(AtomId id, Exponent power);
  Poly prime(const Rational& value);
  // Appends c m with every atom's own rule applied.
  void append(std::vector<Term>& terms, Rational c, Monomial m);
  static Poly collect(std::vector<Term> terms);
  void check_digits(const Rational& value) const;
  int64_t max_bits() const;
  // Whether base^n is worked out: few terms, few digits.
  bool expands(const Poly& base, int64_t n) const;

  // The positive rational c and the form p with a = c p, p's coefficients coprime integers.
  struct Primitive {
    Rational content;
    Poly part;
  };
  Primitive primitive(const Poly& a);
  // The variables and sums that all terms have as a factor, and what they leave. With `even` whole
  // even powers alone, whatever the sign of the factors.
  struct Common {
    Monomial factors;
    Poly rest;
  };
  Common common(const Poly& a, bool even);
  bool is_positive(const Atom& atom) const;
  Poly positive_power(const Rational& value, Exponent power);
  Poly factor_power(const Factor& factor, Exponent power);
  std::optional<Poly> square_root(const Poly& a);
  Poly log_of_positive(const Rational& value);
  Poly log_of_factor(const Factor& factor);
  struct SineCosine {
    Poly sine, cosine;
  };
  SineCosine angle(const Term& term);
  SineCosine angles(const Poly& argument, size_t first);
  Poly cosine_of_half_turns(Rational half_turns);
  Poly trigonometric(const Poly& argument, bool is_sine);

  Budget& budget_;
  bool factors_above_zero_;
  std::deque<Atom> atoms_;
};

}  // namespace cohort::math
