#include "rewards/math/compare/rational.h"

#include <flint/fmpz_factor.h>
#include <flint/ulong_extras.h>

#include <algorithm>

#include "core/base/error.h"

namespace cohort::math {

namespace {

struct FlintThread {
  FlintThread() = default;
  ~FlintThread() { flint_cleanup(); }
};

}  // namespace

void use_flint_in_this_thread() {
  thread_local FlintThread thread;
  (void)thread;
}

Rational::Rational(int64_t n, int64_t d) : Rational() {
  COHORT_CHECK(d != 0, "rational: denominator 0");
  fmpz_set_si(fmpq_numref(value_), n);
  fmpz_set_si(fmpq_denref(value_), d);
  fmpq_canonicalise(value_);
}

std::optional<Rational> Rational::from_decimal(std::string_view text, int64_t* decimals) {
  std::string digits;
  digits.reserve(text.size());
  int64_t behind = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits.push_back(c);
      behind += point;
    } else {
      return std::nullopt;
    }
  }
  if (digits.empty()) return std::nullopt;
  if (decimals != nullptr) *decimals = behind;
  Rational result;
  if (digits.size() <= 18) {
    fmpz_set_si(fmpq_numref(result.value_), std::stoll(digits));
  } else {
    fmpz_set_str(fmpq_numref(result.value_), digits.c_str(), 10);
  }
  if (behind > 0) result /= power_of_ten(behind);
  return result;
}

Rational Rational::power_of_ten(int64_t n) {
  Rational result = Rational(10).power(n < 0 ? -n : n);
  return n < 0 ? result.inverse() : result;
}

bool Rational::terminates() const {
  fmpz_t rest, factor;
  fmpz_init(rest);
  fmpz_init_set_ui(factor, 2);
  fmpz_remove(rest, fmpq_denref(value_), factor);
  fmpz_set_ui(factor, 5);
  fmpz_remove(rest, rest, factor);
  const bool result = fmpz_is_one(rest);
  fmpz_clear(rest);
  fmpz_clear(factor);
  return result;
}

int64_t Rational::bits() const {
  return static_cast<int64_t>(
      std::max(fmpz_bits(fmpq_numref(value_)), fmpz_bits(fmpq_denref(value_))));
}

std::optional<int64_t> Rational::to_int64() const {
  if (!is_integer() || !fmpz_fits_si(fmpq_numref(value_))) return std::nullopt;
  return fmpz_get_si(fmpq_numref(value_));
}

std::string Rational::to_string() const {
  char* text = fmpq_get_str(nullptr, 10, value_);
  std::string result = text;
  flint_free(text);
  return result;
}

double Rational::to_double() const { return fmpq_get_d(value_); }

Rational Rational::numerator() const {
  Rational result;
  fmpz_set(fmpq_numref(result.value_), fmpq_numref(value_));
  return result;
}

Rational Rational::denominator() const {
  Rational result;
  fmpz_set(fmpq_numref(result.value_), fmpq_denref(value_));
  return result;
}

Rational Rational::floor() const {
  Rational result;
  fmpz_fdiv_q(fmpq_numref(result.value_), fmpq_numref(value_), fmpq_denref(value_));
  return result;
}

Rational Rational::inverse() const {
  COHORT_CHECK(!is_zero(), "rational: inverse of 0");
  Rational result;
  fmpq_inv(result.value_, value_);
  return result;
}

Rational Rational::power(int64_t n) const {
  Rational result;
  fmpq_pow_si(result.value_, value_, n);
  return result;
}

Rational Rational::operator-() const {
  Rational result;
  fmpq_neg(result.value_, value_);
  return result;
}

Rational& Rational::operator+=(const Rational& b) {
  fmpq_add(value_, value_, b.value_);
  return *this;
}
Rational& Rational::operator-=(const Rational& b) {
  fmpq_sub(value_, value_, b.value_);
  return *this;
}
Rational& Rational::operator*=(const Rational& b) {
  fmpq_mul(value_, value_, b.value_);
  return *this;
}
Rational& Rational::operator/=(const Rational& b) {
  COHORT_CHECK(!b.is_zero(), "rational: division by 0");
  fmpq_div(value_, value_, b.value_);
  return *this;
}

Rational integer_gcd(const Rational& a, const Rational& b) {
  Rational result;
  fmpz_gcd(fmpq_numref(result.get()), fmpq_numref(a.get()), fmpq_numref(b.get()));
  return result;
}

Rational factorial(uint64_t n) {
  Rational result;
  fmpz_fac_ui(fmpq_numref(result.get()), n);
  return result;
}

Rational binomial(uint64_t n, uint64_t k) {
  Rational result;
  fmpz_bin_uiui(fmpq_numref(result.get()), n, k);
  return result;
}

std::vector<IntegerFactor> factorize(const Rational& n) {
  // What FLINT factors in microseconds.
  constexpr flint_bitcnt_t kEasyBits = 40;
  constexpr slong kTrialPrimes = 200;
  std::vector<IntegerFactor> result;
  fmpz_t rest, divisor;
  fmpz_init_set(rest, fmpq_numref(n.get()));
  fmpz_init(divisor);
  if (fmpz_bits(rest) > kEasyBits) {
    const ulong* primes = n_primes_arr_readonly(kTrialPrimes);
    for (slong i = 0; i < kTrialPrimes && fmpz_bits(rest) > kEasyBits; ++i) {
      fmpz_set_ui(divisor, primes[i]);
      const slong power = fmpz_remove(rest, rest, divisor);
      if (power > 0) result.push_back({Rational(static_cast<int64_t>(primes[i])), power, true});
    }
  }
  if (fmpz_bits(rest) <= kEasyBits) {
    n_factor_t factors;
    n_factor_init(&factors);
    n_factor(&factors, fmpz_get_ui(rest), 1);
    for (int i = 0; i < factors.num; ++i)
      result.push_back({Rational(static_cast<int64_t>(factors.p[i])), factors.exp[i], true});
  } else {
    int64_t power = 1;
    for (const ulong root : {2, 3, 5}) {
      while (fmpz_root(divisor, rest, static_cast<slong>(root))) {
        fmpz_swap(rest, divisor);
        power *= static_cast<int64_t>(root);
      }
    }
    IntegerFactor factor{Rational(), power, fmpz_bits(rest) <= 64 && fmpz_is_prime(rest) == 1};
    fmpz_set(fmpq_numref(factor.value.get()), rest);
    result.push_back(std::move(factor));
  }
  fmpz_clear(rest);
  fmpz_clear(divisor);
  return result;
}

}  // namespace cohort::math
