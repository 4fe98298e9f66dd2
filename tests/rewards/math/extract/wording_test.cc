#include "tests/rewards/math/verdict_cases.h"

namespace cohort::math {
namespace {

TEST(Wording, WordsAroundAValueDenyOrChangeIt) {
  static constexpr Case kCases[] = {
      {"7", "The answer is **negative 7**", false},
      {"7", "The answer is negative 7.", false},
      {"7", "The answer is one over 7.", false},
      {"7", "The answer is the square root of 7.", false},
      {"7", "The answer is 7 times 2.", false},
      {"7", "The answer is greater than 7.", false},
      {"7", "The answer is less than 7.", false},
      {"7", "The answer is at least 7.", false},
      {"7", "The answer is not 7.", false},
      {"7", "The answer isn't 7.", false},
      {"7", "The answer is never 7.", false},
      {"7", "The answer is anything but 7.", false},
      {"7", "The answer cannot be 7.", false},
      {"7", "Is the answer 7? No.", false},
      {"7", "\347\255\224\346\241\210\344\270\215\346\230\2577", false},
      {"7", "\347\255\224\346\241\210\346\230\257\350\264\2377", false},
      {"7", "La respuesta no es 7.", false},
      {"7", "Die Antwort ist nicht 7.", false},
      {"7", "\320\236\321\202\320\262\320\265\321\202 \320\275\320\265 7.", false},
      {"7", "\347\255\224\343\201\210\343\201\2577\343\201\247\343\201\257\343\201\252\343\201\204",
       false},
      {"7",
       "\347\255\224\343\201\210\343\201\2577\343\201\276\343\201\237\343\201\2578\343\201\247\343"
       "\201\231",
       false},
      {"7",
       "\353\213\265\354\235\200 7\354\235\264 \354\225\204\353\213\231\353\213\210\353\213\244",
       false},
      {"7",
       "\353\213\265\354\235\200 7 \353\230\220\353\212\224 8\354\236\205\353\213\210\353\213\244",
       false},
      {"7", "\347\255\224\346\241\210\346\230\2577\346\210\2268", false},
      {"7", "Is $x = 7$ the solution?", false},
      {"7", "What is the value of $7$?", false},
      {"A", "A, B", false},
      {"A", "A, not B, maybe C", false},
      {"A", "A. or B", false},
      {"A", "(A) 1 (B) 2", false},
      {"A", "A. 1 B. 2 C. 3 D. 4", false},
      {"A", "(A) (B) (C) (D)", false},
      {"A", "A, not B", true},
      {"7", "```python\nprint(7)\n```", false},
      {"7", "So 3 + 4 = 7 and hence x =", false},
      {"7", "\347\255\224\346\241\210\346\230\2577\343\200\202", true},
      {"7", "The answer is $7$ because $3+4=7$.", true},
      {"7", "The answer is equal to 7.", true},
      {"7", "The answer, which is not obvious, is 7.", true},
      {"7", "The maximum cannot exceed $\\boxed{7}$.", true},
      {"7", "So she needs at least 7 dollars.", true},
      {"7", "It is not simply \\boxed{7}", false},
      {"C", "The final answer is $\\text{(C)}$. I hope it is correct.", true},
      {"B", "Answer: B. A is wrong.", true},
  };
  expect_verdicts(kCases);
}

TEST(Wording, AnAnswerThatIsTakenBackIsNone) {
  static constexpr Case kCases[] = {
      {"7", "The answer is \\boxed{7}. Wait, I made an error. It should be 8.", false},
      {"7", "The answer is \\boxed{7}. Wait, that\xe2\x80\x99s wrong.", false},
      {"7", "\\boxed{7}. Scratch that. 8.", false},
      {"7", "It looks like 8, but that's wrong. \\boxed{7}", true},
      {"7", "\\boxed{7}. Check: 3 + 4 = 7, which is right.", true},
      {"7", "The answer is \\(7\\). Wait, I made an error. It should be \\(8\\).", false},
      {"8", "The answer is \\(7\\). Wait, I made an error. It should be \\(8\\).", true},
      {"7", "The answer is 7, but that's wrong; it's 8.", false},
      {"8", "The answer is 7, but that's wrong; it's 8.", true},
      {"7", "Answer: 7. Wait, maybe 8?", false},
      {"7", "The answer is 7. Wait, let me check: 3 + 4 = 7. Yes.", true},
      {"7", "Answer: they wait 7 minutes.", true},
  };
  expect_verdicts(kCases);
}

TEST(Wording, AnAnswerThatIsSupposedOrSomebodyElsesIsNone) {
  static constexpr Case kCases[] = {
      {"7", "Suppose the answer is 7.", false},
      {"7", "Assume that the correct answer is 7.", false},
      {"7", "If the answer is 7 then x = 2, a contradiction.", false},
      {"7", "Let's check whether the answer is 7.", false},
      {"7", "The answer is 7. If the answer were 8, we would have x = 2.", true},
      {"7", "If the answer is 8 we get a contradiction, so the answer is 7.", true},
      {"7", "The wrong answer is 7.", false},
      {"7", "The answer is 8.\n\nA common wrong answer is 7.", false},
      {"7", "Answer: 8\nAnswer key: 7", false},
      {"8", "Answer: 8\nAnswer key: 7", true},
  };
  expect_verdicts(kCases);
}

TEST(Wording, APartOfAStatementIsNoAnswer) {
  static constexpr Case kCases[] = {
      {"7", "The answer is a multiple of 7.", false},
      {"7", "The answer is divisible by 7.", false},
      {"7", "The answer is the square of 7.", false},
      {"7", "The answer is different from 7.", false},
      {"7", "The answer is less than or equal to 7.", false},
      {"7", "The answer is the 7th prime.", false},
      {"7", "The answer is 7 out of 8.", false},
      {"7", "The answer is 7 to 8.", false},
      {"7",
       "The answer is 7\xe2\x80\x93"
       "8",
       false},
      {"3.14", "The answer is 3.14 to 2 decimal places.", true},
      {"7", "The answer is a total of 7.", true},
      {"7", "The answer is given by 7.", true},
  };
  expect_verdicts(kCases);
}

TEST(Wording, AnswerTagsMayHoldASentenceWithOneValue) {
  static constexpr Case kCases[] = {
      {"8", "<answer>She has 8 apples left.</answer>", true},
      {"8", "<answer>The total is $8.</answer>", true},
      {"8", "<answer>She does not have 8 apples.</answer>", false},
      {"8", "<answer>She has 8 apples and 3 pears.</answer>", false},
      {"8", "<answer>We must check 8.</answer>", false},
      {"7", "<answer>It is 7, not 8</answer>", false},
  };
  expect_verdicts(kCases);
}

TEST(Wording, WhatIsCalculatedBehindABoxCounts) {
  static constexpr Case kCases[] = {
      {"12", "\\boxed{12} \\times 10^3", false}, {"12000", "\\boxed{12} \\times 10^3", true},
      {"x^2", "\\boxed{x^2}+C", false},          {"x^2+C", "\\boxed{x^2}+C", true},
      {"12", "a \\boxed{12}-hour day", true},    {"1234.5", "Die Antwort ist 1.234,5.", true},
      {"3.5", "Die Antwort ist 3,5.", true},
  };
  expect_verdicts(kCases);
}

}  // namespace
}  // namespace cohort::math
