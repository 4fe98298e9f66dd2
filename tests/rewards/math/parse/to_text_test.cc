#include <gtest/gtest.h>

#include "rewards/math/parse/parse.h"

namespace cohort::math {
namespace {

Expr leaf(Kind kind, std::string text) { return {kind, std::move(text)}; }

TEST(ToText, NamesKindsAndShowsLeavesBare) {
  const Expr x = leaf(Kind::symbol, "x");
  const Expr square{Kind::power, {}, {x, leaf(Kind::number, "2")}};
  EXPECT_EQ(to_text({Kind::add, {}, {square, {Kind::negate, {}, {leaf(Kind::number, "1")}}}}),
            "add(power(x, 2), negate(1))");
  EXPECT_EQ(to_text(leaf(Kind::words, "no solution")), "words[no solution]");
  EXPECT_EQ(to_text({Kind::function, "sin", {x}}), "sin(x)");
  EXPECT_EQ(to_text({Kind::matrix, "(", {x, x}, 2}), "matrix[(][2](x, x)");
  EXPECT_EQ(to_text({Kind::relation, "=", {x, leaf(Kind::number, "5")}}), "relation[=](x, 5)");
}

}  // namespace
}  // namespace cohort::math
