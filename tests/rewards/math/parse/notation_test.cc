#include "tests/rewards/math/verdict_cases.h"

namespace cohort::math {
namespace {

TEST(Notation, IsReadOrRefusedAndNeverDropped) {
  static constexpr Case kCases[] = {
      {"90^\\circ", "\\boxed{90^\\circ1}", false},
      {"\\sqrt{51}", "\\boxed{\\sqrt{51}1}", false},
      {"\\frac{3}{56}", "\\boxed{\\frac{3}{56}1}", false},
      {"\\pi", "\\boxed{\\pi1}", false},
      {"\\vec a\\cdot\\vec b", "\\boxed{\\vec a\\times\\vec b}", false},
      {"\\overrightarrow{AB}", "\\boxed{\\overrightarrow{BA}}", false},
      {"a", "\\boxed{\\vec a}", false},
      {"\\vec a", "\\boxed{\\vec a}", true},
      {"\\overrightarrow{AB}", "\\boxed{\\overrightarrow{AB}}", true},
      {"5", "\\boxed{5\\mathrm{~cm}}", true},
      {"36\\text{ cm}^2", "\\boxed{36 \\mathrm{~cm}^{2}}", true},
      {"12\\text{ km/h}", "\\boxed{12 \\mathrm{~km} / \\mathrm{h}}", true},
      {"5", "Answer: x=5", true},
      {"y=2x+3", "Answer: y = 2x+3", true},
      {"[-2,7]", "Answer: x \\in [-2,7]", true},
      {"x=1, y=2", "Answer: x=1, y=2", true},
      {"x=1 \\text{ or } x=2", "Answer: x = 1 or x = 2", true},
      {"\\$36", "The answer is $\\$36$.", true},
      {"36", "The answer is $\\$36$.", true},
      {"7", "ANSWER: 7", true},
      {"7", "Ans: 7", true},
      {"7", "Therefore, 7.", true},
      {"\\frac12", "\\boxed{1\\over 2}", true},
      {"\\binom{n}{k}", "\\boxed{{n \\choose k}}", true},
      {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\\begin{pmatrix}1\\\\[2pt]2\\end{pmatrix}}",
       true},
      {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\\begin{pmatrix}1\\cr 2\\end{pmatrix}}",
       true},
      {"7", "\\boxed{7 \\square}", true},
      {"7", "\\boxed{7 \\checkmark}", true},
      {"5", "\\boxed{\\left.5\\right.}", true},
      {"\\$1000", "\\boxed{US\\$1000}", true},
      {"7", "The answer is 7..", true},
      {"\\frac13", "\\boxed{0.333...}", true},
      {"\\frac13", "\\boxed{0.3333\\ldots}", true},
      {"\\frac13", "\\boxed{0.33...}", false},
      {"B", "B is correct", true},
      {"B", "Option A is wrong. Option B is correct.", true},
      {"A", "Option A is correct.", true},
      {"A", "\\boxed{\\text{Choice (A)}}", true},
      {"B", "\304\220\303\241p \303\241n \304\221\303\272ng l\303\240 B", true},
      {"B", "La respuesta correcta es la B.", true},
      {"B", "\347\255\224\346\241\210\351\200\211B", true},
      {"B",
       "\320\237\321\200\320\260\320\262\320\270\320\273\321\214\320\275\321\213\320\271 "
       "\320\276\321\202\320\262\320\265\321\202 \342\200\224 B.",
       true},
      {"1.5", "La r\303\251ponse est 1,5.", true},
      {"1000.5", "\\boxed{1 000,5 \342\202\254}", true},
      {"\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\boxed{[[1,2],[3,4]]}", true},
      {"\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "[[1,2],[3,4]]", true},
      {"2e^{i\\pi/3}", "\\boxed{2\\operatorname{cis}\\frac{\\pi}{3}}", true},
      {"3", "\\boxed{\\text{Re}(3+4i)}", true},
      {"\\arctan 2", "\\boxed{\\operatorname{atan} 2}", true},
      {"6", "\\boxed{\\text{lcm}(2,3)}", true},
      {"x=1,y=2", "\\boxed{\\left\\{\\begin{array}{l}x=1\\\\y=2\\end{array}\\right.}", true},
      {"101_2", "\\boxed{101_{two}}", true},
      {"101_2", "\\boxed{(101)_2}", true},
  };
  expect_verdicts(kCases);
}

}  // namespace
}  // namespace cohort::math
