// Known functions, sums, integrals, limits.
#include "rewards/math/parse/parser.h"

namespace cohort::math {

namespace {

bool is_trigonometric(const std::string& name) {
  return name == "sin" || name == "cos" || name == "tan" || name == "cot" || name == "sec" ||
         name == "csc";
}

// \sum_{i=1}^{n} i: no imaginary unit.
void rename_constant(const std::string& name, Expr& expr) {
  if (expr.kind == Kind::constant && expr.text == name) expr.kind = Kind::symbol;
  for (Expr& child : expr.children) rename_constant(name, child);
}

}  // namespace

Expr Parser::function() {
  const Deeper deeper(*this);
  std::string name = now().text;
  advance();
  Expr base, power;
  bool has_base = false, has_power = false;
  for (;;) {
    if (is(Tok::underscore) && name == "log" && !has_base) {
      advance();
      base = argument();
      has_base = true;
    } else if (is(Tok::caret) && !has_power) {
      advance();
      power = exponent();
      has_power = true;
    } else {
      break;
    }
  }
  if (name == "lg") {
    name = "log";
    base = leaf(Kind::number, "10");
    has_base = true;
  }
  // \sin^{-1} is the inverse function, not a reciprocal.
  if (has_power && is_trigonometric(name) && power.kind == Kind::negate &&
      power.children[0].kind == Kind::number && power.children[0].text == "1") {
    name = "arc" + name;
    has_power = false;
  }
  std::vector<Expr> list;
  if (is(Tok::open_round)) {
    list = arguments();
  } else if (is(Tok::open_set) && (name == "max" || name == "min" || name == "gcd")) {
    advance();
    const Scope outer = scope_;
    scope_ = {};
    list = elements();
    scope_ = outer;
    expect(Tok::close_set, "'\\}'");
  } else {
    list.push_back(function_argument(name != "log" && name != "ln"));
  }
  const bool many = name == "gcd" || name == "max" || name == "min" || name == "lcm";
  if (list.empty() || (list.size() > 1 && !many)) fail("one argument");
  if (name == "cis") {
    // cis x = e^{ix}
    Expr angle = binary(Kind::multiply, "", leaf(Kind::constant, "i"), std::move(list.front()));
    Expr turned = binary(Kind::power, "", leaf(Kind::constant, "e"), std::move(angle));
    return has_power ? binary(Kind::power, "", std::move(turned), std::move(power)) : turned;
  }
  if (has_base) list.push_back(std::move(base));
  Expr value = make(Kind::function, name, std::move(list));
  if (has_power) return binary(Kind::power, "", std::move(value), std::move(power));
  return value;
}

// Without brackets: the factors up to the next function or operator; of trigonometric functions
// also what divides them, sin pi/4.
Expr Parser::function_argument(bool trigonometric) {
  const Deeper deeper(*this);
  if (accept(Tok::minus)) return unary(Kind::negate, "", function_argument(trigonometric));
  std::vector<Expr> factors;
  if (is(Tok::function)) return function();
  factors.push_back(factor());
  while (starts_factor() && !is(Tok::function) && !is(Tok::open_round) && !is(Tok::open_bar) &&
         !is_command("sum") && !is_command("int") && !is_command("prod"))
    factors.push_back(factor());
  const bool ends_in_pi = factors.back().kind == Kind::constant && factors.back().text == "pi";
  Expr value = product(std::move(factors));
  if (trigonometric && ends_in_pi && is(Tok::slash) && next().type == Tok::number) {
    advance();
    return binary(Kind::divide, "", std::move(value), number());
  }
  return value;
}

// \sum_{k=1}^{10} body
Expr Parser::sum_like(const std::string& name) {
  expect(Tok::underscore, "the variable of a sum");
  expect(Tok::open_group, "'{'");
  Expr variable = symbol();
  if (!is(Tok::relation) || now().text != "=") fail("'='");
  advance();
  Expr from = sum();
  expect(Tok::close_group, "'}'");
  expect(Tok::caret, "the upper bound of a sum");
  Expr to = argument();
  std::vector<Expr> parts;
  parts.push_back(term());
  if (variable.kind == Kind::constant) {
    rename_constant(variable.text, parts.front());
    variable.kind = Kind::symbol;
  }
  parts.push_back(std::move(variable));
  parts.push_back(std::move(from));
  parts.push_back(std::move(to));
  return make(Kind::integral_like, name, std::move(parts));
}

// \int_a^b body dx
Expr Parser::integral() {
  Expr from, to;
  const bool definite = accept(Tok::underscore);
  if (definite) {
    from = argument();
    expect(Tok::caret, "the upper bound of an integral");
    to = is(Tok::minus) ? exponent() : argument();
  }
  const Scope outer = scope_;
  scope_.in_integral = true;
  Expr body = sum();
  scope_ = outer;
  if (!is(Tok::symbol) || now().text != "d") fail("'d' and a variable");
  advance();
  std::vector<Expr> parts;
  parts.push_back(std::move(body));
  parts.push_back(symbol());
  if (definite) {
    parts.push_back(std::move(from));
    parts.push_back(std::move(to));
  }
  return make(Kind::integral_like, "int", std::move(parts));
}

// \lim_{x \to 0} body
Expr Parser::limit() {
  expect(Tok::underscore, "the variable of a limit");
  expect(Tok::open_group, "'{'");
  Expr variable = symbol();
  expect(Tok::to, "'\\to'");
  Expr target = sum();
  expect(Tok::close_group, "'}'");
  std::vector<Expr> parts;
  parts.push_back(term());
  parts.push_back(std::move(variable));
  parts.push_back(std::move(target));
  return make(Kind::integral_like, "lim", std::move(parts));
}

}  // namespace cohort::math
