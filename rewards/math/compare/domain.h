// Where an expression with variables is a real number, and the points at which a pair is looked
// at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rewards/math/budget.h"
#include "rewards/math/compare/ball.h"
#include "rewards/math/compare/exact.h"
#include "rewards/math/expr.h"

namespace cohort::math {

// Whether agreement at points of every size may confirm an identity: sums, products, quotients,
// whole powers and odd roots of variables and of sin, cos, tan, cot, sec, csc, sinh, cosh, tanh,
// coth, exp and powers of closed numbers. What agrees on an interval agrees everywhere. Absolute
// values, even roots, logarithms, inverse functions, floors and maxima of variables have no such
// right: |x + 10^99| is x + 10^99 wherever one looks.
bool is_analytic(const Expr& expr);

// Whether an expression with variables may lack a real value in more than single points.
bool is_partial(const Expr& expr);

// The points of a pair: of every size, and of all signs. An expression that both sides have as a
// factor of odd power under an even root or a logarithm is taken to be above 0. A function of the
// pair alone.
class Points {
 public:
  Points(const Expr& a, const Expr& b, const Reading& reading, Budget& budget);

  // The next one; nothing when the convention forbids it.
  std::optional<std::vector<Assignment>> next();

 private:
  uint64_t random();

  std::vector<std::string> symbols_;
  std::vector<bool> is_positive_;     // of the symbols
  std::vector<const Expr*> factors_;  // that are positive, besides symbols
  uint64_t state_;
  int64_t index_ = 0;
  const Reading& reading_;
  Budget& budget_;
};

// Whether two expressions with equal forms are real, and equal, at the same sampled points: no,
// when one is seen to have a real value where the other has none or another one; unknown, when one
// never has a value that could be worked out.
enum class SameDomain : uint8_t { no, yes, unknown };
SameDomain same_domain(const Expr& a, const Expr& b, const Reading& reading, Budget& budget);

// Whether what stands under even roots and in logarithms has the same factors, as they are written,
// on both sides: all of them are then taken to be above 0.
bool have_same_factors(const Expr& a, const Expr& b);

// Whether two complex expressions with equal forms are seen to have different values at a point: a
// root of a product is the product of the roots up to a sign.
bool differ_somewhere(const Expr& a, const Expr& b, const Reading& reading, Budget& budget);

}  // namespace cohort::math
