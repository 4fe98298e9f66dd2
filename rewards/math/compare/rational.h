// Exact rational numbers (FLINT's fmpq): the one header of this folder that shows FLINT.
#pragma once

#include <flint/fmpq.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::math {

// FLINT keeps caches by thread. Everything that uses it says so first: the caches are then freed
// when the thread ends.
void use_flint_in_this_thread();

class Rational {
 public:
  Rational() { fmpq_init(value_); }
  Rational(int64_t n) : Rational() { fmpz_set_si(fmpq_numref(value_), n); }  // NOLINT: a number
  Rational(int64_t n, int64_t d);                                            // d != 0
  Rational(const Rational& other) : Rational() { fmpq_set(value_, other.value_); }
  Rational(Rational&& other) noexcept : Rational() { fmpq_swap(value_, other.value_); }
  Rational& operator=(const Rational& other) {
    if (this != &other) fmpq_set(value_, other.value_);
    return *this;
  }
  Rational& operator=(Rational&& other) noexcept {
    fmpq_swap(value_, other.value_);
    return *this;
  }
  ~Rational() { fmpq_clear(value_); }

  // "12", "0.50", ".5", "5.": digits with at most one point. `decimals`, when asked for: the digits
  // behind the point.
  static std::optional<Rational> from_decimal(std::string_view text, int64_t* decimals = nullptr);
  static Rational power_of_ten(int64_t n);  // |n| small: the caller bounds the digits

  bool is_zero() const { return fmpq_is_zero(value_); }
  bool is_one() const { return fmpq_is_one(value_); }
  bool is_integer() const { return fmpz_is_one(fmpq_denref(value_)); }
  bool is_even() const { return is_integer() && fmpz_is_even(fmpq_numref(value_)); }
  bool terminates() const;  // a finite decimal
  int sign() const { return fmpq_sgn(value_); }
  int64_t bits() const;  // of the longer of numerator and denominator
  std::optional<int64_t> to_int64() const;
  std::string to_string() const;
  double to_double() const;

  Rational numerator() const;
  Rational denominator() const;
  Rational floor() const;
  Rational abs() const { return sign() < 0 ? -*this : *this; }
  Rational inverse() const;         // of what is not 0
  Rational power(int64_t n) const;  // n >= 0; the caller bounds the digits

  Rational operator-() const;
  Rational& operator+=(const Rational& b);
  Rational& operator-=(const Rational& b);
  Rational& operator*=(const Rational& b);
  Rational& operator/=(const Rational& b);  // b != 0
  friend Rational operator+(Rational a, const Rational& b) { return a += b; }
  friend Rational operator-(Rational a, const Rational& b) { return a -= b; }
  friend Rational operator*(Rational a, const Rational& b) { return a *= b; }
  friend Rational operator/(Rational a, const Rational& b) { return a /= b; }
  friend bool operator==(const Rational& a, const Rational& b) {
    return fmpq_equal(a.value_, b.value_);
  }
  friend std::strong_ordering operator<=>(const Rational& a, const Rational& b) {
    return fmpq_cmp(a.value_, b.value_) <=> 0;
  }

  const fmpq* get() const { return value_; }
  fmpq* get() { return value_; }

 private:
  fmpq_t value_;
};

// Of integers, both not 0.
Rational integer_gcd(const Rational& a, const Rational& b);
Rational factorial(uint64_t n);             // the caller bounds the digits
Rational binomial(uint64_t n, uint64_t k);  // the caller bounds the digits

// An integer above 0 as a product of powers: of primes, and of at most one integer that is too long
// to factor further.
struct IntegerFactor {
  Rational value;
  int64_t power = 1;
  bool prime = true;
};
std::vector<IntegerFactor> factorize(const Rational& n);

}  // namespace cohort::math
