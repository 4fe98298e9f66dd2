#include "rewards/math/compare/ball.h"

#include <array>

#include "rewards/math/compare/ball_value.h"

namespace cohort::math {

namespace {

constexpr int64_t kNearBits = 200;
constexpr std::array<int64_t, 3> kPrecisions = {64, 192, 512};

// f(ball) at growing precision until it answers.
template <typename F>
auto with_precision(const Expr& expr, const Reading& reading, Budget& budget, F f)
    -> decltype(f(std::declval<Ball&>(), int64_t{})) {
  for (const int64_t bits : kPrecisions) {
    try {
      Ball ball = ball_value(expr, {}, false, bits, reading, budget);
      if (!acb_is_finite(ball.get()) || !ball.is_real()) return std::nullopt;
      if (auto answer = f(ball, bits)) return answer;
    } catch (const NoValue&) {
      // Some operand contains 0: more bits may help.
    } catch (const NoRule&) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

struct Side {
  Ball ball;  // where `presence` is real
  Presence presence = Presence::real;
};

// `complex`: the value need not be real.
Side side_at(const Expr& expr, std::span<const Assignment> point, bool complex, int64_t bits,
             const Reading& reading, Budget& budget) {
  try {
    Side side;
    side.ball = ball_value(expr, point, complex, bits, reading, budget);
    if (!acb_is_finite(side.ball.get()) || (!point.empty() && !complex && !side.ball.is_real()))
      side.presence = Presence::unknown;
    return side;
  } catch (const NotReal&) {
    return {{}, Presence::none};
  } catch (const NoValue&) {
    return {{}, Presence::unknown};
  } catch (const NoRule&) {
    return {{}, Presence::no_rule};
  }
}

}  // namespace

BallVerdict compare_at(const Expr& a, const Expr& b, std::span<const Assignment> point,
                       bool complex, int64_t bits, const Reading& reading, Budget& budget) {
  const Side left = side_at(a, point, complex, bits, reading, budget);
  if (left.presence == Presence::no_rule) return BallVerdict::no_rule;
  const Side right = side_at(b, point, complex, bits, reading, budget);
  if (right.presence == Presence::no_rule) return BallVerdict::no_rule;
  if (left.presence != Presence::real || right.presence != Presence::real) {
    const bool proven = left.presence != right.presence && left.presence != Presence::unknown &&
                        right.presence != Presence::unknown;
    return proven ? BallVerdict::one_sided : BallVerdict::no_value;
  }
  Ball difference;
  acb_sub(difference.get(), left.ball.get(), right.ball.get(), bits);
  if (!acb_contains_zero(difference.get())) return BallVerdict::different;
  Ball size, bound;
  acb_abs(size.real(), left.ball.get(), bits);
  acb_abs(bound.real(), right.ball.get(), bits);
  arb_max(bound.real(), bound.real(), size.real(), bits);
  if (acb_contains_zero(left.ball.get()) && acb_contains_zero(right.ball.get()))
    arb_one(bound.real());
  arb_mul_2exp_si(bound.real(), bound.real(), -kNearBits);
  acb_abs(size.real(), difference.get(), bits);
  return arb_lt(size.real(), bound.real()) ? BallVerdict::near : BallVerdict::unsure;
}

Presence presence_at(const Expr& expr, std::span<const Assignment> point, const Reading& reading,
                     Budget& budget) {
  constexpr int64_t kBits = 96;
  const Presence whole = side_at(expr, point, false, kBits, reading, budget).presence;
  if (whole == Presence::real || whole == Presence::none) return whole;
  // A part that comes behind the one without a rule, or a value, may have none.
  if (expr.kind == Kind::integral_like || expr.text == "cases") return whole;
  for (const Expr& child : expr.children)
    if (presence_at(child, point, reading, budget) == Presence::none) return Presence::none;
  return whole;
}

bool is_negative_at(const Expr& expr, std::span<const Assignment> point, const Reading& reading,
                    Budget& budget) {
  constexpr int64_t kBits = 96;
  const Side side = side_at(expr, point, false, kBits, reading, budget);
  return side.presence == Presence::real && arb_is_negative(side.ball.real());
}

std::optional<int> ball_sign(const Expr& expr, const Reading& reading, Budget& budget) {
  return with_precision(expr, reading, budget, [](Ball& ball, int64_t) -> std::optional<int> {
    if (arb_is_positive(ball.real())) return 1;
    if (arb_is_negative(ball.real())) return -1;
    return std::nullopt;
  });
}

std::optional<int> ball_distance(const Expr& a, const Rational& b, const Rational& bound,
                                 const Reading& reading, Budget& budget) {
  return with_precision(a, reading, budget, [&](Ball& ball, int64_t bits) -> std::optional<int> {
    Ball other;
    acb_set_fmpq(other.get(), b.get(), bits);
    arb_sub(ball.real(), ball.real(), other.real(), bits);
    arb_abs(ball.real(), ball.real());
    acb_set_fmpq(other.get(), bound.get(), bits);
    if (arb_le(ball.real(), other.real())) return -1;
    if (arb_gt(ball.real(), other.real())) return 1;
    return std::nullopt;
  });
}

std::optional<Rational> ball_floor(const Expr& expr, const Reading& reading, Budget& budget) {
  return with_precision(expr, reading, budget, [](Ball& ball, int64_t bits) {
    std::optional<Rational> result;
    // Only a short integer is worth having.
    if (arf_cmpabs_2exp_si(arb_midref(ball.real()), bits / 2) >= 0) return result;
    arb_floor(ball.real(), ball.real(), bits);
    Rational whole;
    if (arb_get_unique_fmpz(fmpq_numref(whole.get()), ball.real())) result = std::move(whole);
    return result;
  });
}

}  // namespace cohort::math
