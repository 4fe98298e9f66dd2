// A gold answer with one thing changed is another answer, unless its value says otherwise: the
// values here are doubles, computed by this test alone.
#include <cmath>
#include <complex>
#include <functional>

#include "rewards/math/compare/comparer.h"
#include "tests/rewards/math/compare/golds.h"
#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

using Complex = std::complex<double>;

Complex number_of(const std::string& symbol, int point) {
  const auto hash = static_cast<double>(std::hash<std::string>()(symbol) % 1000);
  return 0.37 + hash / 700 + point * 0.61;
}

// NaN for what it does not know.
Complex value(const Expr& expr, int point) {
  const auto child = [&](size_t i) { return value(expr.children[i], point); };
  const Complex unknown = std::nan("");
  switch (expr.kind) {
    case Kind::number:
      return std::stod(expr.text);
    case Kind::constant:
      return expr.text == "pi"  ? Complex(M_PI)
             : expr.text == "e" ? Complex(M_E)
             : expr.text == "i" ? Complex(0, 1)
                                : unknown;
    case Kind::symbol:
      return number_of(expr.text, point);
    case Kind::add: {
      Complex sum = 0;
      for (const Expr& summand : expr.children) sum += value(summand, point);
      return sum;
    }
    case Kind::multiply: {
      Complex product = 1;
      for (const Expr& factor : expr.children) product *= value(factor, point);
      return product;
    }
    case Kind::negate:
      return -child(0);
    case Kind::divide:
      return child(0) / child(1);
    case Kind::mixed:
      return child(0) + child(1);
    case Kind::percent:
      return child(0) / 100.0;
    case Kind::degrees:
      return child(0);
    case Kind::power:
      return std::pow(child(0), child(1));
    case Kind::root:
      return std::pow(child(0), 1.0 / child(1));
    case Kind::absolute:
      return std::abs(child(0));
    case Kind::function: {
      if (expr.children.size() != 1) return unknown;
      if (expr.text == "sin") return std::sin(child(0));
      if (expr.text == "cos") return std::cos(child(0));
      if (expr.text == "tan") return std::tan(child(0));
      if (expr.text == "cot") return 1.0 / std::tan(child(0));
      if (expr.text == "ln" || expr.text == "log") return std::log(child(0));
      return unknown;
    }
    default:
      return unknown;
  }
}

bool may_be_equal(const Expr& a, const Expr& b) {
  if (!is_scalar(a) || !is_scalar(b)) return false;
  for (int point = 0; point < 3; ++point) {
    const Complex x = value(a, point), y = value(b, point);
    if (std::isnan(x.real()) || std::isnan(y.real())) return true;  // not known
    if (std::abs(x - y) > 1e-9 * std::max(std::abs(x), std::abs(y))) return false;
  }
  return true;
}

// Calls `use` with each tree that differs from `root` in one node, and with the outermost scalars
// that hold it (of which the oracle knows the value).
void mutate(Expr& root, Expr& node, Expr* scalar,
            const std::function<void(const Expr&, const Expr*, const Expr*)>& use) {
  if (scalar == nullptr && is_scalar(node)) scalar = &node;
  const Expr before = scalar != nullptr ? *scalar : Expr{};
  const auto with = [&](Expr changed) {
    const Expr saved = node;
    node = std::move(changed);
    use(root, scalar != nullptr ? &before : nullptr, scalar);
    node = saved;
  };
  if (node.kind == Kind::number && node.text.find('.') == std::string::npos &&
      node.text.size() < 15) {
    const int64_t n = std::stoll(node.text);
    with({Kind::number, std::to_string(n + 1)});
    if (n > 0) with({Kind::number, std::to_string(n - 1)});
    with({Kind::negate, "", {node}});
  } else if (node.kind == Kind::number && node.text.find('.') != std::string::npos) {
    Expr changed = node;
    char& digit = changed.text.back();
    digit = digit == '9' ? '8' : static_cast<char>(digit + 1);
    with(changed);
  } else if (node.kind == Kind::symbol && scalar != nullptr) {
    with({Kind::negate, "", {node}});
    with({Kind::symbol, node.text + "_9"});
  } else if (node.kind == Kind::add || node.kind == Kind::multiply) {
    Expr changed = node;
    changed.kind = node.kind == Kind::add ? Kind::multiply : Kind::add;
    with(changed);
    changed = node.children[0];
    with(changed);
  } else if (node.kind == Kind::divide || node.kind == Kind::power) {
    with(node.children[0]);
    Expr changed = node;
    std::swap(changed.children[0], changed.children[1]);
    with(changed);
  } else if (node.kind == Kind::root || node.kind == Kind::function ||
             node.kind == Kind::absolute) {
    with(node.children[0]);
  } else if ((node.kind == Kind::list || node.kind == Kind::set || node.kind == Kind::tuple) &&
             node.children.size() > 1) {
    Expr changed = node;
    changed.children.pop_back();
    if (changed.children.size() == 1) changed = Expr(changed.children[0]);
    with(changed);
  } else if (node.kind == Kind::interval && infinity_sign(node.children[0]) == 0) {
    Expr changed = node;
    changed.text[0] = changed.text[0] == '(' ? '[' : '(';
    with(changed);
  } else if (node.kind == Kind::negate) {
    with(Expr(node.children[0]));
  }
  for (Expr& child : node.children) mutate(root, child, scalar, use);
}

void expect_mutants_differ(const std::vector<std::string>& answers, int64_t at_least) {
  int64_t mutants = 0, unknown = 0;
  for (const std::string& answer : answers) {
    Budget budget;
    Parsed tree;
    try {
      tree = parse_answer(answer, budget);
    } catch (const BudgetExhausted&) {
    }
    // Plus-minus: a flipped sign may give the same two values.
    if (!tree.expr || answer.find("\\pm") != std::string::npos) continue;
    const Expr gold = *tree.expr;
    mutate(*tree.expr, *tree.expr, nullptr,
           [&](const Expr& mutant, const Expr* before, const Expr* after) {
             ++mutants;
             if (mutant == gold) return;
             if (before != nullptr && may_be_equal(*before, *after)) {
               ++unknown;
               return;
             }
             Budget fresh;
             try {
               EXPECT_FALSE(compare(gold, mutant, fresh).equal)
                   << answer << "  " << to_text(gold) << "  " << to_text(mutant);
             } catch (const BudgetExhausted&) {
             }
           });
  }
  EXPECT_GT(mutants, at_least);
  EXPECT_LT(unknown * 5, mutants) << "the oracle knows too few of the values";
}

TEST(MathMutants, OfMath500NeverEqual) {
  if (!have_shared_data()) GTEST_SKIP() << "no data sets beside the source tree";
  expect_mutants_differ(golds("math500.jsonl.gz"), 2000);
}

TEST(MathMutants, OfGsm8kNeverEqual) {
  if (!have_shared_data()) GTEST_SKIP() << "no data sets beside the source tree";
  expect_mutants_differ(golds("gsm8k_test.jsonl.gz"), 2000);
}

TEST(MathMutants, OfHarderExpressionsNeverEqual) {
  expect_mutants_differ({"\\frac{\\sqrt{3}+2\\sqrt{5}}{7}",
                         "\\sqrt[3]{2+\\sqrt5}",
                         "\\sin^2x+3\\cos(2x)-1",
                         "\\frac{x^2+3x+2}{x-1}",
                         "e^{2x+1}\\ln(x+3)",
                         "2^{n+1}-3^{n}",
                         "\\frac{a}{b}+\\frac{c}{d}",
                         "[1,\\frac{5\\pi^2}{4})",
                         "(2,12)\\cup(12,102)",
                         "\\{1,2,\\sqrt3\\}",
                         "(1,-16,-4,43)",
                         "5x-7y+11z+4=0",
                         "y=2x+3",
                         "x^2/4+y^2/3=1",
                         "-2\\le x\\le7",
                         "3:4:5",
                         "28\\%",
                         "\\begin{pmatrix}-7&6&-8\\\\11&-9&12\\\\15&-16&19\\end{pmatrix}",
                         "12\\text{ cm}^2",
                         "p=5,q=2;p=7,q=3",
                         "x=1,x=\\frac32",
                         "3+4i",
                         "\\frac{1}{2+3i}",
                         "\\log_2 9",
                         "\\binom{10}{3}",
                         "7!",
                         "\\frac{\\tan x+2}{1-2\\tan x}"},
                        200);
}

}  // namespace
}  // namespace cohort::math
