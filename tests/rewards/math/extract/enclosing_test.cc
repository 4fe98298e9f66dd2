#include "tests/rewards/math/verdict_cases.h"

namespace cohort::math {
namespace {

TEST(Enclosing, WhatChangesTheValueOfABoxBelongsToTheAnswer) {
  static constexpr Case kCases[] = {
      {"7", "-\\boxed{7}", false},
      {"7", "$\\frac{1}{\\boxed{7}}$", false},
      {"7", "$\\sqrt{\\boxed 7}$", false},
      {"7", "$\\boxed{7}^2$", false},
      {"7", "$\\boxed{7}!$", false},
      {"7", "\\boxed{7}!", false},
      {"7", "The answer is \\boxed{7}!", true},
      {"7", "\\boxed{7}^2", false},
      {"7", "\\boxed{7}/2", false},
      {"7", "$\\boxed{7}/2$", false},
      {"7", "$\\boxed{7}\\pi$", false},
      {"7", "\\boxed{7}x", false},
      {"7", "$\\boxed{7}x$", false},
      {"7", "\\boxed{7} million", false},
      {"7", "$\\boxed{7}$ million people", false},
      {"7000000", "$\\boxed{7}$ million people", true},
      {"7", "\\boxed{7} or 8", false},
      {"7", "8 or \\boxed{7}", false},
      {"7", "\\boxed{7}, 8, 9", false},
      {"7", "$\\boxed7$ or $8$", false},
      {"7", "<answer>\\boxed{7} 8</answer>", false},
      {"7", "The answer is not \\boxed{7}", false},
      {"7", "\\boxed{7} is wrong", false},
      {"7", "\\boxed 7", true},
      {"7", "So $x = \\boxed{7}$ cm.", true},
      {"-7", "So $x = -\\boxed{7}$.", true},
      {"-7", "The final answer is -$\\boxed{7}$.", true},
      {"7", "- $\\boxed{7}$", true},
      {"7", "* \\boxed{7}", true},
      {"7", "**\\boxed{7}**", true},
      {"7", "Answer: **\\boxed{7}**.", true},
      {"7", "\\(\\boxed{7}\\), so we are done.", true},
      {"7", "$n = 3$, and $k=\\boxed{7}$ in 2023.", true},
      {"1/7", "$x=\\frac{1}{\\boxed{7}}$", true},
      {"7", "{\\bf \\boxed{7}}", true},
      {"7", "$\\mathbf{\\boxed{7}}$", true},
      {"7", "$\\boxed{7}\\checkmark$", true},
      {"7", "$\\boxed{7}$ $\\blacksquare$", true},
      {"7", "$\\boxed{7}. \\square$", true},
      {"7", "\\[ \\boxed{7} \\]", true},
      {"7", "\\text{Answer: } \\boxed{7}", true},
      {"7", "We get 7 = \\boxed{7}, as claimed.", true},
      {"7", "\\boxed{7}, which is 3 + 4.", true},
      {"0.5", "\\boxed{\\frac12} or 0.5", true},
      {"7", "It is not 8. The answer is \\boxed{7}", true},
      {"7", "Since it is not even, the answer is \\boxed{7}", true},
      {"7", "The answer is \\boxed{7}, not 8.", true},
  };
  expect_verdicts(kCases);
}

}  // namespace
}  // namespace cohort::math
