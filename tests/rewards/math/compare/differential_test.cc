// Random closed expressions: every verdict against their balls, which share no code with the
// normal form.
#include <random>

#include "rewards/math/compare/ball.h"
#include "rewards/math/compare/tree.h"
#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Expr constant(int depth) {
    if (depth == 0) return leaf();
    const auto child = [&] { return constant(depth - 1); };
    switch (below(11)) {
      case 0:
      case 1:
        return make(Kind::add, {child(), child()});
      case 2:
        return make(Kind::multiply, {child(), child()});
      case 3:
        return make_negative(child());
      case 4:
        return make(Kind::divide, {child(), child()});
      case 5:
        return make(Kind::root, {child(), whole(2 + below(2))});
      case 6:
        return make(Kind::power, {child(), whole(2 + below(2))});
      case 7:
        return make(Kind::absolute, {child()});
      case 8:
        return make(Kind::function, {angle()}, below(2) == 0 ? "sin" : "cos");
      case 9:
        return make(Kind::function, {whole(1 + below(12))}, "ln");
      default:
        return leaf();
    }
  }

  // The same value in another form.
  Expr disguised(const Expr& expr) {
    Expr result{expr.kind, expr.text, {}, expr.rows};
    for (const Expr& child : expr.children) result.children.push_back(disguised(child));
    if (result.kind == Kind::add || result.kind == Kind::multiply)
      std::swap(result.children[0], result.children[1]);
    switch (below(6)) {
      case 0:
        return make(Kind::add, {make_negative(whole(3)), make(Kind::add, {result, whole(3)})});
      case 1:
        return make(Kind::divide, {make(Kind::multiply, {result, whole(6)}), whole(6)});
      case 2:
        return make_negative(make_negative(result));
      default:
        return result;
    }
  }

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  static Expr whole(int64_t n) { return {Kind::number, std::to_string(n)}; }
  Expr leaf() {
    return below(8) == 0 ? Expr{Kind::constant, below(2) == 0 ? "pi" : "e"} : whole(below(10));
  }
  Expr angle() {
    return make(Kind::divide, {make(Kind::multiply, {whole(below(9)), Expr{Kind::constant, "pi"}}),
                               whole(1 + below(8))});
  }

  std::mt19937_64 random_;
};

BallVerdict balls(const Expr& a, const Expr& b) {
  BudgetLimits limits;
  limits.steps = 1000000;
  Budget budget(limits);
  return compare_at(a, b, {}, true, 400, Reading{}, budget);
}

TEST(MathDifferential, DisguisesAreNeverToldApart) {
  Generator generator(7);
  int64_t judged = 0, equal = 0;
  for (int i = 0; i < 3000; ++i) {
    const Expr a = generator.constant(3), b = generator.disguised(a);
    if (balls(a, b) != BallVerdict::near) continue;  // no value
    Budget budget;
    const Comparison result = compare(a, b, budget);
    ++judged;
    equal += result.equal;
    EXPECT_TRUE(result.equal || result.reason == Reason::not_simplifiable)
        << to_text(a) << "  " << to_text(b);
  }
  EXPECT_GT(judged, 1500);
  EXPECT_GT(equal * 100, judged * 99);
}

TEST(MathDifferential, EqualOnlyWhereBallsMeet) {
  Generator generator(8);
  int64_t met = 0, judged = 0;
  for (int i = 0; i < 20000; ++i) {
    const Expr a = generator.constant(2), b = generator.constant(2);
    const BallVerdict verdict = balls(a, b);
    if (verdict >= BallVerdict::no_value) continue;
    ++judged;
    met += verdict == BallVerdict::near;
    Budget budget;
    const bool equal = compare(a, b, budget).equal;
    if (verdict == BallVerdict::unsure) continue;  // a root of what contains 0
    EXPECT_EQ(equal, verdict == BallVerdict::near) << to_text(a) << "  " << to_text(b);
  }
  EXPECT_GT(judged, 10000);
  EXPECT_GT(met, 50);
}

}  // namespace
}  // namespace cohort::math
