// The normal form as text, for people who ask why.
#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/exact.h"
#include "rewards/math/compare/normalize.h"
#include "rewards/math/parse/parse.h"

namespace cohort::math {

namespace {

class Printer {
 public:
  explicit Printer(const Algebra& algebra) : algebra_(algebra) {}

  std::string text(const Poly& poly) const {
    if (poly.terms.empty()) return "0";
    std::string result;
    for (const Term& term : poly.terms) {
      const std::string size = text(term, term.coefficient.abs());
      const bool negative = term.coefficient.sign() < 0;
      if (result.empty()) {
        result = negative ? "-" + size : size;
      } else {
        result += (negative ? " - " : " + ") + size;
      }
    }
    return result;
  }

 private:
  std::string text(const Term& term, const Rational& size) const {
    std::string result;
    if (!size.is_one() || term.monomial.empty()) result = size.to_string();
    for (const Factor& factor : term.monomial) {
      if (!result.empty()) result += " ";
      result += text(algebra_.atom(factor.atom));
      if (factor.power == Exponent{1, 1}) continue;
      const std::string power = factor.power.rational().to_string();
      result +=
          factor.power.is_integer() && factor.power.num > 0 ? "^" + power : "^(" + power + ")";
    }
    return result;
  }

  std::string text(const Atom& atom) const {
    std::string args;
    for (const Poly& arg : atom.args) args += (args.empty() ? "" : ", ") + text(arg);
    switch (atom.kind) {
      case AtomKind::symbol:
        return atom.name;
      case AtomKind::prime:
        return atom.value.to_string();
      case AtomKind::imaginary:
        return "i";
      case AtomKind::pi:
        return "pi";
      case AtomKind::base:
        return "(" + args + ")";
      case AtomKind::sine:
        return "sin(" + args + ")";
      case AtomKind::cosine:
        return "cos(" + args + ")";
      case AtomKind::absolute:
        return "|" + args + "|";
      case AtomKind::exponential:
        return args == "1" ? "e" : "exp(" + args + ")";
      case AtomKind::function:
        return (atom.name[0] == '@' ? atom.name.substr(1) : atom.name) + "(" + args + ")";
    }
    return "?";
  }

  const Algebra& algebra_;
};

std::string canonical(const Expr& expr, Budget& budget) {
  if (is_scalar(expr)) {
    Algebra algebra(budget);
    const Reading reading;
    try {
      return Printer(algebra).text(Normalizer(algebra, reading)(expr));
    } catch (const Undefined&) {
      return "undefined";
    } catch (const NoScalar&) {
      return to_text(expr);
    } catch (const BudgetExhausted& spent) {
      if (spent.what_was_spent != BudgetSpent::digits) throw;
      return to_text(expr);
    }
  }
  if (expr.children.empty()) return to_text(expr);
  // The node as it is written, with the forms of its children.
  Expr shell = expr;
  for (Expr& child : shell.children) child = Expr{Kind::symbol, canonical(child, budget)};
  return to_text(shell);
}

}  // namespace

std::string canonical_text(const Expr& expr, Budget& budget) {
  use_flint_in_this_thread();
  return canonical(prepared(expr, true, budget), budget);
}

}  // namespace cohort::math
