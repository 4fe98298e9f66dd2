#include "rewards/math/parse/parse.h"

#include <gtest/gtest.h>

#include <chrono>

namespace cohort::math {
namespace {

std::string tree(std::string_view text) {
  Budget budget;
  const Parsed parsed = parse_answer(text, budget);
  return parsed.expr ? to_text(*parsed.expr) : "?";
}

struct Case {
  const char* text;
  const char* tree;
};

void expect_trees(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(tree(c.text), c.tree) << c.text;
}

TEST(Parse, Numbers) {
  expect_trees({{"5", "5"},
                {"-5", "negate(5)"},
                {".5", "0.5"},
                {"5.", "5"},
                {"007", "007"},
                {"1,234", "1234"},
                {"1,234,567.25", "1234567.25"},
                {"1{,}234", "1234"},
                {"11,\\! 111,\\! 111,\\! 100", "11111111100"},
                {"12\\,345", "12345"},
                {"1 000", "1000"},
                {"1.234,56", "1234.56"},
                {"1.234.567", "1234567"},
                {"0{,}5", "0.5"},
                {"3{,}14", "3.14"},
                {"1.234", "1.234"},
                {"1,23", "list(1, 23)"},
                {"1,234,5", "list(1, 234, 5)"},
                {"32, 349", "list(32, 349)"},
                {"(1,234)", "tuple(1, 234)"},
                {"(0,5;1,5)", "tuple(0.5, 1.5)"},
                {"(0;5)", "tuple(0, 5)"},
                {"5th", "apply[ordinal](5)"},
                {"3^{\\text{rd}}", "apply[ordinal](3)"},
                {"0.333...", "repeating[0.(3)]"},
                {"0.1666\\ldots", "repeating[0.1(6)]"},
                {"0.33...", "0.33"}});
}

TEST(Parse, PowersOfTenAreNotProductsWithE) {
  expect_trees({{"1.5e3", "multiply(1.5, power(10, 3))"},
                {"1e-5", "multiply(1, power(10, negate(5)))"},
                {"2E6", "multiply(2, power(10, 6))"},
                {"2e-1", "add(multiply(2, e), negate(1))"},
                {"2e", "multiply(2, e)"},
                {"3 \\times 10^5", "multiply(3, power(10, 5))"}});
}

TEST(Parse, RepeatingDecimals) {
  expect_trees({{"0.\\overline{3}", "repeating[0.(3)]"},
                {"0.1\\overline{6}", "repeating[0.1(6)]"},
                {"0.\\dot{1}4285\\dot{7}", "repeating[0.(142857)]"},
                {"0.1(6)", "repeating[0.1(6)]"},
                {"0.1(6)x", "multiply(0.1, 6, x)"}});
}

TEST(Parse, FractionsAndMixedNumbers) {
  expect_trees({{"\\frac{1}{2}", "divide(1, 2)"},
                {"\\dfrac12", "divide(1, 2)"},
                {"\\frac 59", "divide(5, 9)"},
                {"\\frac9{19}", "divide(9, 19)"},
                {"\\frac{1}2", "divide(1, 2)"},
                {"\\frac\\pi2", "divide(pi, 2)"},
                {"a/b", "divide(a, b)"},
                {"1/2/3", "divide(divide(1, 2), 3)"},
                {"1\\frac{4}{5}", "mixed(1, divide(4, 5))"},
                {"-137 \\frac{1}{2}", "negate(mixed(137, divide(1, 2)))"},
                {"7 3/4", "mixed(7, divide(3, 4))"},
                {"2\\frac{x}{3}", "multiply(2, divide(x, 3))"},
                {"3\\frac{7}{2}", "multiply(3, divide(7, 2))"},
                {"1\xc2\xbd", "mixed(1, divide(1, 2))"}});
}

TEST(Parse, PowersAndRoots) {
  expect_trees({{"x^2", "power(x, 2)"},
                {"x^{10}", "power(x, 10)"},
                {"2^10", "power(2, 10)"},
                {"x**2", "power(x, 2)"},
                {"2^3^4", "power(2, power(3, 4))"},
                {"-x^2", "negate(power(x, 2))"},
                {"2^-3", "power(2, negate(3))"},
                {"\\sqrt{2}", "root(2, 2)"},
                {"\\sqrt3", "root(3, 2)"},
                {"\\sqrt 17", "root(17, 2)"},
                {"\\sqrt[3]{x}^2", "power(root(x, 3), 2)"},
                {"sqrt(2)/2", "divide(root(2, 2), 2)"},
                {"\xe2\x88\x9a"
                 "2",
                 "root(2, 2)"},
                {"x\xc2\xb9\xe2\x81\xb0", "power(x, 10)"},
                {"n!", "factorial[!](n)"}});
}

TEST(Parse, UnitLettersAreVariablesUnlessTheyAreText) {
  expect_trees({{"5m", "multiply(5, m)"},
                {"2x+3t", "add(multiply(2, x), multiply(3, t))"},
                {"7c", "multiply(7, c)"},
                {"5\\text{ m}", "quantity[m](5)"},
                {"5 cm", "quantity[cm](5)"},
                {"15\\mbox{ cm}^2", "quantity[cm^2](15)"},
                {"864 \\mbox{ inches}^2", "quantity[in^2](864)"},
                {"5 square inches", "quantity[in^2](5)"},
                {"10 \\text{ m/s}", "quantity[m/s](10)"},
                {"10 m/s", "quantity[m/s](10)"},
                {"60 miles per hour", "quantity[mi/h](60)"},
                {"3\\ \\mathrm{kg}\\cdot\\mathrm{m}", "quantity[kg*m](3)"},
                {"18+2\\pi \\text{ cm}", "quantity[cm](add(18, multiply(2, pi)))"},
                {"-5 \\text{ cm}", "quantity[cm](negate(5))"},
                {"$125$ miles", "quantity[mi](125)"},
                {"5 apples", "quantity[apples](5)"},
                {"12\\text{ red marbles}", "quantity[red marbles](12)"},
                {"25\\text{ units}^2", "quantity[square units](25)"},
                {"5 is not 7", "words[5 is not 7]"},
                {"5 feet 6 inches", "add(quantity[ft](5), quantity[in](6))"},
                {"25^\\circ C", "quantity[degC](25)"}});
}

TEST(Parse, MoneyPercentDegreesTimesBases) {
  expect_trees({{"\\$32,\\!348", "quantity[usd](32348)"},
                {"$1,000.99", "quantity[usd](1000.99)"},
                {"5 dollars", "quantity[usd](5)"},
                {"\xe2\x82\xac"
                 "5",
                 "quantity[eur](5)"},
                {"5.4 \\text{ cents}", "quantity[cent](5.4)"},
                {"28\\%", "percent(28)"},
                {"28 percent", "percent(28)"},
                {"\\frac13\\%", "percent(divide(1, 3))"},
                {"90^\\circ", "degrees(90)"},
                {"90\xc2\xb0", "degrees(90)"},
                {"\\frac{270}7\\text{ degrees}", "degrees(divide(270, 7))"},
                {"3:30 pm", "time[15:30]"},
                {"12:30 \\text{ a.m.}", "time[00:30]"},
                {"12:05", "time[12:05]"},
                {"11:21", "ratio(11, 21)"},
                {"3:2:1", "ratio(3, 2, 1)"},
                {"3 to 2", "ratio(3, 2)"},
                {"52_8", "based[52](8)"},
                {"2A_{16}", "based[2A](16)"},
                {"101_{\\text{two}}", "based[101](2)"},
                {"1011 base 2", "based[1011](2)"},
                {"(1011)_2", "based[1011](2)"},
                {"1011 \\text{ (base 2)}", "based[1011](2)"},
                {"5 million", "multiply(5, 1000000)"}});
}

TEST(Parse, Functions) {
  expect_trees({{"\\sin^2 x", "power(sin(x), 2)"},
                {"\\sin^{-1} x", "arcsin(x)"},
                {"\\sin 2x \\cos y", "multiply(sin(multiply(2, x)), cos(y))"},
                {"\\sin\\pi/4", "sin(divide(pi, 4))"},
                {"\\sin(x)/x", "divide(sin(x), x)"},
                {"sinx", "sin(x)"},
                {"\\log_2 8", "log(8, 2)"},
                {"\\ln|x|", "ln(absolute(x))"},
                {"\\gcd(4, 6)", "gcd(4, 6)"},
                {"\\binom{10}{3}", "binom(10, 3)"},
                {"f(2) < f(1)", "relation[<](apply[f](2), apply[f](1))"},
                {"P(x) = x", "relation[=](apply[P](x), x)"},
                {"a(b+c)", "multiply(a, add(b, c))"},
                {"f^{-1}(x)", "apply[f^{-1}](x)"},
                {"f'(x)", "apply[f'](x)"},
                {"\\sum_{k=1}^{10} k", "sum(k, k, 1, 10)"},
                {"\\int_0^1 x^2 \\, dx", "int(power(x, 2), x, 0, 1)"},
                {"\\lim_{x \\to 0} x", "lim(x, x, 0)"},
                {"||x|-1|", "absolute(add(absolute(x), negate(1)))"},
                {"2|x|", "multiply(2, absolute(x))"},
                {"\\lfloor 3.5 \\rfloor", "floor(3.5)"},
                {"\\frac{dy}{dx} = 2x", "relation[=](apply[d/dx](y), multiply(2, x))"},
                {"x_1 + x_{n+1}", "add(x_1, x_n+1)"}});
}

TEST(Parse, TuplesIntervalsAndSets) {
  expect_trees({{"(1, 2)", "tuple(1, 2)"},
                {"(3,4]", "interval[(]](3, 4)"},
                {"[3,4]", "interval[[]](3, 4)"},
                {"[1,2,3]", "tuple(1, 2, 3)"},
                {"]3,4[", "interval[()](3, 4)"},
                {"[3,4[", "interval[[)](3, 4)"},
                {"\\left(\\frac{3}{5},8\\right]", "interval[(]](divide(3, 5), 8)"},
                {"(-\\infty, 2) \\cup (3, \\infty)", "unite(tuple(negate(inf), 2), tuple(3, inf))"},
                {"(0,1) U (2,3)", "unite(tuple(0, 1), tuple(2, 3))"},
                {"\\{1\\pm\\sqrt{5},-2\\}", "set(plus_minus[+-](1, root(5, 2)), negate(2))"},
                {"\\{\\}", "empty_set"},
                {"\\emptyset", "empty_set"},
                {"\\{x \\mid x > 0\\}", "set_where(x, relation[>](x, 0))"},
                {"\\{x : 0<x<1\\}", "set_where(x, relation[<<](0, x, 1))"},
                {"\\mathbb{R} \\setminus \\{0\\}", "set_minus(R, set(0))"},
                {"\\mathbb{Z}^+", "Z+"},
                {"\\langle 1, 2 \\rangle", "tuple(1, 2)"},
                {"{2, 3, 5}", "list(2, 3, 5)"}});
}

TEST(Parse, Matrices) {
  expect_trees({{"\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "matrix[(][2](1, 2, 3, 4)"},
                {"\\begin{bmatrix}1\\\\2\\\\\\end{bmatrix}", "matrix[[][2](1, 2)"},
                {"\\left[\\begin{array}{cc}1 & 2\\end{array}\\right]", "matrix[1](1, 2)"},
                {"[[1, 2], [3, 4]]", "matrix[[][2](1, 2, 3, 4)"},
                {"\\begin{pmatrix}1 & 2 \\\\ 3\\end{pmatrix}", "?"}});
}

TEST(Parse, RelationsListsAndSystems) {
  expect_trees(
      {{"x=5", "relation[=](x, 5)"},
       {"= 5", "5"},
       {"0<f(x)\\le 1", "relation[<l](0, apply[f](x), 1)"},
       {"x \\in [-2,7]", "relation[e](x, interval[[]](negate(2), 7))"},
       {"x != 5", "relation[!](x, 5)"},
       {"x \\equiv 3 \\pmod 5", "relation[c](x, mod(3, 5))"},
       {"6 \\text{ and } 8", "list(6, 8)"},
       {"6, 7, and 8", "list(6, 7, 8)"},
       {"6, 7 and 8", "list(6, 7, 8)"},
       {"x=1 or x=2", "logic[or](relation[=](x, 1), relation[=](x, 2))"},
       {"p=5,q=2;p=7,q=2",
        "list(list(relation[=](p, 5), relation[=](q, 2)), list(relation[=](p, 7), "
        "relation[=](q, 2)))"},
       {"p=5,q=2 \\text{ and } p=7,q=2",
        "list(list(relation[=](p, 5), relation[=](q, 2)), list(relation[=](p, 7), "
        "relation[=](q, 2)))"},
       {"a=4,\\,-8", "list(relation[=](a, 4), negate(8))"},
       {"\\begin{cases} x+y=1 \\\\ x=3 \\end{cases}",
        "logic[and](relation[=](add(x, y), 1), relation[=](x, 3))"},
       {"\\begin{aligned} x &= 1+2 \\\\ &= 3 \\end{aligned}", "relation[==](x, add(1, 2), 3)"},
       {"f(x)=\\begin{cases} x & x>0 \\\\ -x & \\text{if } x\\le 0 \\end{cases}",
        "relation[=](apply[f](x), cases(x, relation[>](x, 0), negate(x), relation[l](x, 0)))"},
       {"A:B=1", "relation[=](ratio(A, B), 1)"}});
}

TEST(Parse, WordsAndChoices) {
  expect_trees({{"\\text{Evelyn}", "words[evelyn]"},
                {"no solution", "words[no solution]"},
                {"New York", "words[new york]"},
                {"\\text{five}", "5"},
                {"\\text{does not exist}", "undefined"},
                {"infinity", "inf"},
                {"all real numbers", "R"},
                {"(A)", "choice[A]"},
                {"\\text{(C)}", "choice[C]"},
                {"\\textbf{(B)}", "choice[B]"},
                {"B.", "B"},
                {"B. 12", "relation[=](choice[B], 12)"},
                {"\\textbf{(B)}\\ 12", "relation[=](choice[B], 12)"},
                {"A", "A"},
                {"A, B", "list(A, B)"},
                {"(A)(B)", "multiply(A, B)"}});
}

TEST(Parse, DelimitersAndDecorationDoNotCount) {
  for (const char* text : {"$5$", "$$5$$", "\\(5\\)", "\\[5\\]", "**5**", "`5`", " 5. ",
                           "\\boxed{5}", "\\displaystyle 5", "\\color{red}{5}", "\\mathbf{5}",
                           "\\left(5\\right)", "{5}", "\xef\xbc\x95",
                           "\xe2\x80\x8b"
                           "5"})
    EXPECT_EQ(tree(text), "5") << text;
  EXPECT_EQ(tree("\\\\left(\\\\frac{1}{5},6\\\\right)"), "tuple(divide(1, 5), 6)");
  EXPECT_EQ(tree("\\\frac{7}{4}"), "divide(7, 4)");  // a form feed for \f
  EXPECT_EQ(tree("$x=1$ and $y=2$"), "logic[and](relation[=](x, 1), relation[=](y, 2))");
}

TEST(Parse, WhatIsNoAnswerIsNotRead) {
  for (const char* text :
       {"", " ", "\\frac{1}", "((5", "5)", "x +", "1 2", "\\begin{pmatrix}1", "#5", "@",
        "\\unknown{3}", "5 = ", "a \\Rightarrow b", "\\sqrt", "{}", "2 3/2"})
    EXPECT_EQ(tree(text), "?") << text;
}

BudgetSpent spent(const std::string& text) {
  Budget budget;
  try {
    parse_answer(text, budget);
  } catch (const BudgetExhausted& exhausted) {
    return exhausted.what_was_spent;
  }
  ADD_FAILURE() << text.substr(0, 60) << ": within the budget";
  return BudgetSpent::clock;
}

std::string repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(Parse, IsBounded) {
  EXPECT_EQ(spent(std::string(5000, '1')), BudgetSpent::bytes);
  EXPECT_EQ(spent(std::string(2000, '1')), BudgetSpent::digits);
  EXPECT_EQ(spent(repeated("(", 500) + "1" + repeated(")", 500)), BudgetSpent::depth);
  EXPECT_EQ(spent(repeated("\\frac{1}{", 100) + "1" + repeated("}", 100)), BudgetSpent::depth);
  EXPECT_EQ(spent(repeated("2^", 200) + "2"), BudgetSpent::depth);
  EXPECT_EQ(spent(repeated("1/", 200) + "2"), BudgetSpent::depth);
  EXPECT_EQ(spent(repeated("-", 200) + "2"), BudgetSpent::depth);
  EXPECT_EQ(spent(repeated("x+", 600) + "x"), BudgetSpent::nodes);
}

TEST(Parse, HostileTextsTakeLittleTime) {
  for (const char* part : {"(",
                           "[",
                           "{",
                           "\\{",
                           "|",
                           "\\left|",
                           "^",
                           "_",
                           "a(",
                           "\\frac",
                           "\\sqrt",
                           "\\text{",
                           "\\mathbf{",
                           "$",
                           ",",
                           ";",
                           "-",
                           "!",
                           "\\begin{pmatrix}",
                           "\\begin{cases}",
                           "\\sin",
                           "f(",
                           "1,",
                           "1 ",
                           "&",
                           "\\\\",
                           "a_{",
                           "]",
                           "\\overline{",
                           "\\int",
                           "0.\\overline{3}",
                           "e",
                           "1e",
                           "\\dot{1}"}) {
    const std::string text = repeated(part, 4000 / std::string_view(part).size());
    const auto start = std::chrono::steady_clock::now();
    Budget budget;
    try {
      parse_answer(text, budget);
    } catch (const BudgetExhausted&) {
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(200)) << part;
  }
}

}  // namespace
}  // namespace cohort::math
