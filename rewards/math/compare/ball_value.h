// The value of an expression as a ball. Inside compare/ alone: the one header that shows Arb.
#pragma once

#include <acb.h>
#include <arb.h>

#include <span>

#include "rewards/math/compare/ball.h"

namespace cohort::math {

// Why there is no ball.
struct NoValue {};            // here
struct NotReal : NoValue {};  // proven
struct NoRule {};             // anywhere

class Ball {
 public:
  Ball() { acb_init(value_); }
  Ball(const Ball& other) : Ball() { acb_set(value_, other.value_); }
  Ball(Ball&& other) noexcept : Ball() { acb_swap(value_, other.value_); }
  Ball& operator=(Ball other) noexcept {
    acb_swap(value_, other.value_);
    return *this;
  }
  ~Ball() { acb_clear(value_); }
  acb_ptr get() { return value_; }
  acb_srcptr get() const { return value_; }
  arb_ptr real() { return acb_realref(value_); }
  arb_srcptr real() const { return acb_realref(value_); }
  bool is_real() const { return acb_is_real(value_); }

 private:
  acb_t value_;
};

// With `bits` of precision, the symbols of `point` replaced by their values. Variables are real:
// unless `complex`, a root or logarithm of what may be negative has no value. Throws NoValue,
// NotReal, NoRule, BudgetExhausted.
Ball ball_value(const Expr& expr, std::span<const Assignment> point, bool complex, int64_t bits,
                const Reading& reading, Budget& budget);

}  // namespace cohort::math
