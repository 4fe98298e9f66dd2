#include "tests/rewards/math/verdict_cases.h"

namespace cohort::math {
namespace {

TEST(WordsBehind, OnlyNounsAndUnitsAreDropped) {
  static constexpr Case kCases[] = {
      {"7", "\\boxed{7\\text{ squared}}", false},
      {"7", "\\boxed{7 squared}", false},
      {"7", "\\boxed{7\\text{ cubed}}", false},
      {"7", "\\boxed{7\\text{ factorial}}", false},
      {"7", "\\boxed{7\\text{ doubled}}", false},
      {"7", "\\boxed{7\\text{ halves}}", false},
      {"7", "\\boxed{7\\text{ thirds}}", false},
      {"7", "\\boxed{7\\text{ tenths}}", false},
      {"7", "\\boxed{7\\text{ hundredths}}", false},
      {"7", "\\boxed{7\\text{ tens}}", false},
      {"7", "\\boxed{7\\text{ dozen}}", false},
      {"84", "\\boxed{7\\text{ dozen}}", true},
      {"7", "\\boxed{7\\text{ pairs}}", false},
      {"7", "\\boxed{7\\text{ score}}", false},
      {"7", "\\boxed{7\\text{ gross}}", false},
      {"7", "\\boxed{7\\text{ lakh}}", false},
      {"7", "\\boxed{7\\text{ crore}}", false},
      {"7", "\\boxed{7\\text{ bn}}", false},
      {"7", "\\boxed{7\\text{ mln}}", false},
      {"7", "\\boxed{7K}", false},
      {"7", "\\boxed{7\\text{K}}", false},
      {"7", "\\boxed{7\\text{ billions}}", false},
      {"7", "\\boxed{7\\text{\344\270\207}}", false},
      {"7", "\\boxed{7\344\272\277}", false},
      {"7", "\\boxed{7\345\215\203}", false},
      {"7", "\\boxed{7\\text{ per mille}}", false},
      {"7", "\\boxed{7\\text{ basis points}}", false},
      {"7", "\\boxed{7\\text{ percentage points}}", false},
      {"7", "\\boxed{7\\text{ infinity}}", false},
      {"7", "\\boxed{7\\text{ pi}}", false},
      {"7", "\\boxed{7\\text{ point five}}", false},
      {"7", "\\boxed{7\\text{ reciprocal}}", false},
      {"7", "\\boxed{7\\text{ inverse}}", false},
      {"7", "\\boxed{7\\text{ negated}}", false},
      {"7", "\\boxed{7\\text{ negative}}", false},
      {"7", "\\boxed{7\\text{ loss}}", false},
      {"7", "\\boxed{7\\text{ below zero}}", false},
      {"7", "\\boxed{7\\text{ incorrect}}", false},
      {"7", "\\boxed{7\\text{ false}}", false},
      {"7", "\\boxed{7\\text{ impossible}}", false},
      {"7", "\\boxed{7\\text{ else}}", false},
      {"7", "\\boxed{7\\text{ oder } 8}", false},
      {"7", "\\boxed{7\\text{ oder acht}}", false},
      {"7", "\\boxed{7\\text{ pm}}", false},
      {"7", "\\boxed{7\\text{ am}}", false},
      {"7", "\\boxed{7\\text{ five}}", false},
      {"7", "\\boxed{7\\text{ apples}}", true},
      {"7", "\\boxed{7\\text{ people}}", true},
      {"7", "\\boxed{7\\text{ ways}}", true},
      {"5", "\\boxed{5^\\text{th}}", false},
  };
  expect_verdicts(kCases);
}

}  // namespace
}  // namespace cohort::math
