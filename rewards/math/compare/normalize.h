// From the tree to the normal form.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rewards/math/compare/algebra.h"
#include "rewards/math/compare/exact.h"
#include "rewards/math/expr.h"

namespace cohort::math {

class Normalizer {
 public:
  Normalizer(Algebra& algebra, const Reading& reading) : algebra_(algebra), reading_(reading) {}

  // Throws Undefined, NoScalar, BudgetExhausted.
  Poly operator()(const Expr& expr) { return scalar(expr); }

 private:
  Poly scalar(const Expr& expr);
  Poly leaf(const Expr& expr);
  Poly absolute(const Expr& expr);
  Poly whole_part(const Expr& expr);
  Poly factorial(const Expr& expr);
  Poly factorial_of(const Poly& argument);
  Poly function(const Expr& expr);
  Poly trigonometric(const Expr& expr);
  Poly hyperbolic(const std::string& name, const Poly& argument);
  Poly of_whole_numbers(const Expr& expr);
  Poly binomial(const Expr& expr);
  Poly largest(const Expr& expr);
  Poly complex_part(const Expr& expr);
  Poly opaque(std::string name, const Expr& expr);
  Poly bound(const Expr& expr);  // sums, products, integrals, limits
  // series.cc: an infinite sum of geometric series that converge; nothing for others
  std::optional<Poly> series(const Expr& body, const std::string& name, int64_t from);
  Poly at(const Expr& body, const std::string& name, Poly value);
  Poly without_half_turns(Poly argument, Poly& sign);
  Poly angle(const Expr& expr);

  Algebra& algebra_;
  Reading reading_;
  bool angle_ = false;  // within a trigonometric function
  std::vector<std::pair<std::string, Poly>> bound_;
};

}  // namespace cohort::math
