// Sums, products and powers.
#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/parser.h"

namespace cohort::math {

namespace {

bool is_set(Kind kind) {
  return kind == Kind::number_set || kind == Kind::interval || kind == Kind::set ||
         kind == Kind::set_where || kind == Kind::unite || kind == Kind::set_minus;
}

bool is_integer(const Expr& expr) {
  return expr.kind == Kind::number && expr.text.find('.') == std::string::npos;
}

// By length, then digit by digit.
bool less(const std::string& a, const std::string& b) {
  const auto digits = [](const std::string& s) {
    const size_t first = s.find_first_not_of('0');
    return first == std::string::npos ? std::string("0") : s.substr(first);
  };
  const std::string left = digits(a), right = digits(b);
  return left.size() != right.size() ? left.size() < right.size() : left < right;
}

bool is_proper_fraction(const Expr& expr) {
  return expr.kind == Kind::divide && is_integer(expr.children[0]) &&
         is_integer(expr.children[1]) && less(expr.children[0].text, expr.children[1].text);
}

bool has_unit(const Expr& expr) {
  if (expr.kind == Kind::quantity || expr.kind == Kind::percent || expr.kind == Kind::degrees)
    return true;
  return expr.kind == Kind::negate && has_unit(expr.children.front());
}

}  // namespace

Expr Parser::sum() {
  const Deeper deeper(*this);
  std::vector<Expr> terms;
  terms.push_back(signed_term());
  const auto collapsed = [&] {
    if (terms.size() == 1) return std::move(terms.front());
    // "18 + 2 pi cm": the unit is that of the whole sum.
    Expr& last = terms.back();
    bool lift = last.kind == Kind::quantity;
    for (size_t i = 0; i + 1 < terms.size(); ++i) lift = lift && !has_unit(terms[i]);
    std::string unit;
    if (lift) {
      unit = last.text;
      Expr value = std::move(last.children.front());
      last = std::move(value);
    }
    Expr whole = make(Kind::add, "", std::move(terms));
    return lift ? unary(Kind::quantity, unit, std::move(whole)) : whole;
  };
  for (;;) {
    if (accept(Tok::plus)) {
      terms.push_back(signed_term());
    } else if (is(Tok::minus)) {
      advance();
      Expr right = signed_term();
      if (terms.size() == 1 && is_set(terms.front().kind)) {
        terms.front() = binary(Kind::set_minus, "", std::move(terms.front()), std::move(right));
      } else if (right.kind == Kind::quantity) {
        Expr inner = std::move(right.children.front());
        right.children.front() = unary(Kind::negate, "", std::move(inner));
        terms.push_back(std::move(right));
      } else {
        terms.push_back(unary(Kind::negate, "", std::move(right)));
      }
    } else if (is(Tok::plus_minus)) {
      std::string text = now().text;
      advance();
      Expr left = collapsed(), right = signed_term();
      terms.clear();
      std::string unit;
      if (right.kind == Kind::quantity && !has_unit(left)) {
        unit = right.text;
        Expr inner = std::move(right.children.front());
        right = std::move(inner);
      }
      Expr whole = binary(Kind::plus_minus, std::move(text), std::move(left), std::move(right));
      terms.push_back(unit.empty() ? std::move(whole)
                                   : unary(Kind::quantity, unit, std::move(whole)));
    } else {
      return collapsed();
    }
  }
}

Expr Parser::signed_term() {
  const Deeper deeper(*this);
  if (accept(Tok::plus)) return signed_term();
  const bool negative = is(Tok::text) && (now().text == "negative" || now().text == "minus");
  if (negative) advance();
  if (negative || accept(Tok::minus)) {
    Expr value = signed_term();
    // The sign belongs to the number: -5 cm is a quantity of -5.
    if (value.kind == Kind::quantity) {
      Expr inner = std::move(value.children.front());
      value.children.front() = unary(Kind::negate, "", std::move(inner));
      return value;
    }
    return unary(Kind::negate, "", std::move(value));
  }
  if (is(Tok::plus_minus)) {
    std::string text = now().text;
    advance();
    Expr value = signed_term();
    if (value.kind == Kind::quantity) {
      Expr inner = std::move(value.children.front());
      value.children.front() = unary(Kind::plus_minus, std::move(text), std::move(inner));
      return value;
    }
    return unary(Kind::plus_minus, std::move(text), std::move(value));
  }
  return term();
}

bool Parser::starts_factor() const {
  switch (now().type) {
    case Tok::number:
    case Tok::repeating:
      // "x 2" and "(1)2" are products; "3 4", "\pi1" and "\sqrt{5}1" nobody can read.
      return at_ > 0 &&
             (tokens_[at_ - 1].type == Tok::close_round || tokens_[at_ - 1].type == Tok::bang ||
              (tokens_[at_ - 1].type == Tok::symbol && tokens_[at_ - 1].text.size() == 1));
    case Tok::symbol:
      return !union_ahead() && !(scope_.in_integral && now().text == "d" &&
                                 (next().type == Tok::symbol || next().type == Tok::vector));
    case Tok::vector:
    case Tok::function:
    case Tok::open_group:
    case Tok::open_floor:
    case Tok::open_ceiling:
    case Tok::open_bar:
    case Tok::open_angle:
      return true;
    case Tok::open_round:
      return !(next().type == Tok::command && next().text == "bmod");
    case Tok::open_square:
      return !french_;
    case Tok::bar:
    case Tok::double_bar:
      return scope_.bars == 0;
    case Tok::command: {
      const std::string& name = now().text;
      return name == "frac" || name == "sqrt" || name == "cbrt" || name == "binom" ||
             name == "overline" || name == "abs" || name == "floor" || name == "ceil" ||
             name == "sum" || name == "prod" || name == "lim" || name == "int" || name == "begin" ||
             name == "angle" || name == "triangle";
    }
    default:
      return false;
  }
}

// Factors so far as one node: a mixed number, or a product. The degrees of the last factor are
// those of the whole.
Expr Parser::product(std::vector<Expr> factors) {
  if (factors.size() == 1) return std::move(factors.front());
  bool degrees = factors.back().kind == Kind::degrees;
  for (size_t i = 0; i + 1 < factors.size(); ++i) degrees = degrees && !has_unit(factors[i]);
  if (degrees) {
    Expr inner = std::move(factors.back().children.front());
    factors.back() = std::move(inner);
  }
  Expr whole = make(Kind::multiply, "", std::move(factors));
  return degrees ? unary(Kind::degrees, "", std::move(whole)) : whole;
}

// Behind an integer: a proper fraction, \frac{3}{4} or " 3/4".
bool Parser::mixed_ahead() const {
  if (is_command("frac")) return true;
  return is(Tok::number) && now().blank_before && next().type == Tok::slash &&
         next(2).type == Tok::number;
}

Expr Parser::term() {
  const Deeper deeper(*this);
  std::vector<Expr> factors;
  factors.push_back(factor());
  for (;;) {
    const bool bare_number =
        at_ > 0 && tokens_[at_ - 1].type == Tok::number && is_integer(factors.back());
    if (bare_number && mixed_ahead()) {
      std::vector<Expr> parts;
      if (is(Tok::number)) {
        Expr numerator = number();
        advance();
        parts.push_back(binary(Kind::divide, "", std::move(numerator), number()));
        if (!is_proper_fraction(parts.back())) fail("a proper fraction");
      } else {
        parts.push_back(factor());
      }
      bool degrees = parts.back().kind == Kind::degrees;
      if (degrees) {
        Expr inner = std::move(parts.back().children.front());
        parts.back() = std::move(inner);
      }
      const bool mixed = is_proper_fraction(parts.back());
      parts.insert(parts.begin(), std::move(factors.back()));
      factors.back() = make(mixed ? Kind::mixed : Kind::multiply, "", std::move(parts));
      if (degrees) factors.back() = unary(Kind::degrees, "", std::move(factors.back()));
      continue;
    }
    if (is(Tok::times) && now().text == "cross" && next().type == Tok::vector &&
        tokens_[at_ - 1].type == Tok::vector) {
      advance();
      Expr right = factor();
      factors.back() = binary(Kind::apply, "cross", std::move(factors.back()), std::move(right));
    } else if (accept(Tok::times)) {
      factors.push_back(is(Tok::minus) || is(Tok::plus) ? signed_term() : factor());
    } else if (is(Tok::slash)) {
      advance();
      Expr above = product(std::move(factors));
      factors.clear();
      Expr below = accept(Tok::minus) ? unary(Kind::negate, "", factor()) : factor();
      factors.push_back(binary(Kind::divide, "", std::move(above), std::move(below)));
    } else if (is_command("bmod")) {
      advance();
      Expr value = product(std::move(factors));
      factors.clear();
      factors.push_back(binary(Kind::function, "mod", std::move(value), factor()));
    } else if (suffix(factors)) {
      continue;
    } else if (starts_factor()) {
      factors.push_back(factor());
    } else {
      return product(std::move(factors));
    }
  }
}

Expr Parser::factor() {
  const Deeper deeper(*this);
  Expr base = primary();
  for (;;) {
    if (base.kind == Kind::number && primes_ahead(at_) > 0) {
      base = in_primes(std::move(base));
    } else if (is(Tok::caret)) {
      const Tok raised = next().type == Tok::open_group ? next(2).type : next().type;
      const std::string& word = next().type == Tok::open_group ? next(2).text : next().text;
      const bool braced = next().type == Tok::open_group;
      if (raised == Tok::degree || (raised == Tok::command && word == "circ")) {
        at_ += braced ? 3 : 2;
        if (braced) expect(Tok::close_group, "'}'");
        base = with_degrees(std::move(base));
        continue;
      }
      if (raised == Tok::text && (word == "th" || word == "st" || word == "nd" || word == "rd") &&
          base.kind == Kind::number) {
        at_ += braced ? 3 : 2;
        if (braced) expect(Tok::close_group, "'}'");
        base = unary(Kind::apply, "ordinal", std::move(base));
        continue;
      }
      advance();
      base = binary(Kind::power, "", std::move(base), exponent());
    } else if (is(Tok::bang)) {
      advance();
      const bool twice = accept(Tok::bang);
      base = unary(Kind::factorial, twice ? "!!" : "!", std::move(base));
    } else if (is(Tok::degree)) {
      advance();
      base = with_degrees(std::move(base));
    } else if (is_command("circ") && base.kind == Kind::number) {
      advance();
      base = with_degrees(std::move(base));
    } else if (base.kind == Kind::degrees && is(Tok::number) && primes_ahead(at_ + 1) == 1) {
      base = in_arcminutes(std::move(base));
    } else {
      return base;
    }
  }
}

// Behind the degree sign: a temperature, or an angle.
Expr Parser::with_degrees(Expr value) {
  if (is(Tok::symbol) || is(Tok::text)) {
    const std::string scale = lower_case(now().text);
    const bool celsius = scale == "c" || scale == "celsius",
               fahrenheit = scale == "f" || scale == "fahrenheit";
    if (celsius || fahrenheit) {
      advance();
      return unary(Kind::quantity, celsius ? "degC" : "degF", std::move(value));
    }
  }
  return unary(Kind::degrees, "", std::move(value));
}

Expr Parser::exponent() {
  const Deeper deeper(*this);
  if (accept(Tok::minus)) return unary(Kind::negate, "", exponent());
  if (is(Tok::plus)) advance();
  if (is(Tok::open_group)) {
    advance();
    const Scope outer = scope_;
    scope_ = {};
    Expr value = sum();
    scope_ = outer;
    expect(Tok::close_group, "'}'");
    return value;
  }
  Expr value = primary();
  if (!is(Tok::caret)) return value;
  advance();  // 2^3^4 is 2^(3^4)
  return binary(Kind::power, "", std::move(value), exponent());
}

}  // namespace cohort::math
