// Numbers, symbols, commands.
#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/parser.h"

namespace cohort::math {

Expr Parser::primary() {
  const Deeper deeper(*this);
  switch (now().type) {
    case Tok::number:
      return number();
    case Tok::repeating: {
      Expr value = leaf(Kind::repeating, now().text);
      advance();
      return value;
    }
    case Tok::symbol:
      return symbol();
    case Tok::vector: {
      Expr value = leaf(Kind::symbol, now().text);
      advance();
      return value;
    }
    case Tok::text:
      if (next().type == Tok::underscore) return number();
      if (now().text.size() != 1) fail("a value");
      return symbol();
    case Tok::function:
      return function();
    case Tok::number_set:
      return number_set();
    case Tok::command:
      return command();
    case Tok::open_round:
    case Tok::open_square: {
      Expr value = round_or_square();
      if (value.kind == Kind::number && is(Tok::underscore)) return based(value.text);  // (101)_2
      return value;
    }
    case Tok::close_square:
      if (french_) return round_or_square();
      fail("a value");
    case Tok::open_group:
      return braces();
    case Tok::open_set:
      return set();
    case Tok::open_angle:
      return angle_tuple();
    case Tok::open_floor:
      return between(Kind::floor, Tok::close_floor);
    case Tok::open_ceiling:
      return between(Kind::ceiling, Tok::close_ceiling);
    case Tok::bar:
    case Tok::double_bar:
    case Tok::open_bar:
      return bars();
    case Tok::currency: {
      std::string unit = now().text;
      advance();
      return quantity(is(Tok::minus) ? signed_term() : term(), std::move(unit));
    }
    default:
      fail("a value");
  }
}

// "R+", "R_{\ge 0}", "Z^*", "N_0": one spelling each.
Expr Parser::number_set() {
  std::string name = now().text;
  advance();
  if (is(Tok::caret) || is(Tok::underscore)) {
    const bool braced = next().type == Tok::open_group;
    const size_t first = braced ? 2 : 1;
    const Token& sign = next(first);
    size_t behind = first + 1;
    std::string part;
    if (sign.type == Tok::plus || sign.type == Tok::minus || sign.type == Tok::times) {
      part = sign.type == Tok::plus ? "+" : sign.type == Tok::minus ? "-" : "*";
    } else if (sign.type == Tok::relation && braced && next(behind).type == Tok::number &&
               next(behind).text == "0") {
      ++behind;
      part = sign.text == ">"   ? "+"
             : sign.text == "<" ? "-"
             : sign.text == "g" ? "0+"
             : sign.text == "l" ? "0-"
             : sign.text == "!" ? "*"
                                : "";
    } else if (name == "N" && sign.type == Tok::number && sign.text == "0") {
      part = "0+";
    }
    if (!part.empty() && (!braced || next(behind).type == Tok::close_group)) {
      at_ += behind + (braced ? 1 : 0);
      // Whether 0 is a natural number is told here.
      if (name == "N") {
        name = "Z";
        if (part == "*") part = "+";
      }
      name += part;
    }
  }
  return leaf(Kind::number_set, name);
}

// A number, or digits with their base: 1011_2, 2A_{16}, \text{FF}_{16}.
Expr Parser::number() {
  size_t end = at_;
  std::string digits;
  while (end + 1 < tokens_.size() && end - at_ < 40) {
    const Token& token = tokens_[end];
    const bool letter =
        (token.type == Tok::symbol || token.type == Tok::text) &&
        token.text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
    if (token.type != Tok::number && !letter) break;
    if (end > at_ && token.blank_before && token.type != Tok::text) break;
    digits += token.text;
    ++end;
  }
  if (end > at_ && tokens_[end].type == Tok::underscore && tokens_[at_].type != Tok::symbol) {
    at_ = end;
    return based(digits);
  }
  if (!is(Tok::number)) fail("a number");
  Expr value = leaf(Kind::number, now().text);
  advance();
  return value;
}

// Digits before "_2", "_{12}", "_{\text{two}}", "_{\text{base } 2}".
Expr Parser::based(const std::string& digits) {
  expect(Tok::underscore, "the base of a number");
  const bool braced = accept(Tok::open_group);
  Expr base;
  if (is(Tok::text)) {
    const std::string word = lower_case(now().text);
    advance();
    base = word == "base"              ? number()
           : word.starts_with("base ") ? phrase(word.substr(5))
                                       : phrase(word);
    if (base.kind != Kind::number) fail("a base");
  } else {
    base = braced ? sum() : primary();
  }
  if (braced) expect(Tok::close_group, "'}'");
  return unary(Kind::based, digits, std::move(base));
}

// What stands in [first, last) as text without blanks.
std::string Parser::raw_text(size_t first, size_t last) const {
  std::string out;
  if (first >= last) return out;
  const size_t begin = tokens_[first].at, end = tokens_[last].at;
  for (size_t i = begin; i < end && i < text_.size(); ++i)
    if (!is_blank(text_[i])) out += text_[i];
  return out;
}

// "_1", "_{n+1}" as "_1", "_n+1"; empty when there is none.
std::string Parser::subscript() {
  if (!is(Tok::underscore)) return "";
  advance();
  if (!is(Tok::open_group)) {
    if (is(Tok::number) || is(Tok::symbol) || is(Tok::text) || is(Tok::vector)) {
      std::string name = now().text;
      advance();
      return "_" + name;
    }
    fail("a subscript");
  }
  const int32_t close = now().match;
  if (close < 0) fail("'}'");
  std::string name;
  for (size_t i = at_ + 1; i < static_cast<size_t>(close); ++i) {
    budget_.step();
    const Token& token = tokens_[i];
    if (!token.text.empty())
      name += token.text;
    else
      name += raw_text(i, i + 1);
  }
  at_ = static_cast<size_t>(close) + 1;
  return "_" + name;
}

// Whether "name(" is a function of what stands in the brackets rather than a product: f and g
// always, with a prime always; any other letter where its value is stated, P(x) = ...
bool Parser::is_call(const std::string& name) const {
  if (!is(Tok::open_round)) return false;
  if (name.ends_with('\'')) return true;
  const char first = name[0];
  if (name.size() == 1 || name[1] == '_') {
    if (first == 'f' || first == 'g' || first == 'F' || first == 'G') return true;
  }
  const int32_t close = now().match;
  if (close < 0 || tokens_[static_cast<size_t>(close)].type != Tok::close_round) return false;
  const Token& behind = tokens_[static_cast<size_t>(close) + 1];
  const bool stated = behind.type == Tok::relation;
  const bool starts_item =
      at_ >= 1 && (item_start_ + 1 == at_ || name.find('_') != std::string::npos);
  // h(x) and P(2), but not a(b + c)
  const bool plain_argument = close == static_cast<int32_t>(at_) + 2;
  return (stated && starts_item) ||
         (plain_argument && next().type == Tok::symbol && next().text == "x" &&
          (first == 'h' || first == 'p' || first == 'q' || first == 'P' || first == 'Q'));
}

std::vector<Expr> Parser::arguments() {
  expect(Tok::open_round, "'('");
  const Scope outer = scope_;
  scope_ = {};
  std::vector<Expr> list = elements();
  scope_ = outer;
  expect(Tok::close_round, "')'");
  return list;
}

Expr Parser::symbol() {
  const bool may_be_constant = is(Tok::symbol);
  std::string name = now().text;
  advance();
  const std::string index = subscript();
  name += index;
  bool primed = false;
  for (;;) {
    if (is(Tok::prime)) {
      advance();
    } else if (is(Tok::caret) && next().type == Tok::prime) {
      at_ += 2;
    } else {
      break;
    }
    name += '\'';
    primed = true;
  }
  // f^{-1}(x)
  if (is(Tok::caret) && next().type == Tok::open_group && next(2).type == Tok::minus &&
      next(3).type == Tok::number && next(3).text == "1" && next(4).type == Tok::close_group &&
      next(5).type == Tok::open_round && (name == "f" || name == "g" || name == "h")) {
    at_ += 5;
    return make(Kind::apply, name + "^{-1}", arguments());
  }
  if (may_be_constant && index.empty() && !primed) {
    if (name == "pi" || name == "e" || name == "i" || name == "inf")
      return leaf(Kind::constant, name);
  }
  if (is_call(name)) {
    std::vector<Expr> list = arguments();
    return make(Kind::apply, name, std::move(list));
  }
  return leaf(Kind::symbol, name);
}

// The argument of a command: a group, or one token.
Expr Parser::argument() {
  const Deeper deeper(*this);
  return is(Tok::open_group) ? braces() : primary();
}

// A part of \frac: a group, or one digit, letter or command.
Expr Parser::fraction_part() {
  Token& token = tokens_[at_];
  if (token.type != Tok::number || token.text.size() < 2) return argument();
  Expr digit = leaf(Kind::number, token.text.substr(0, 1));
  token.text.erase(0, 1);
  return digit;
}

Expr Parser::fraction() {
  Expr above = fraction_part();
  Expr below = fraction_part();
  // \frac{dy}{dx} is a derivative, no quotient.
  const auto differential = [](const Expr& e) {
    return e.kind == Kind::multiply && e.children.size() == 2 &&
           e.children[0].kind == Kind::symbol && e.children[0].text == "d" &&
           e.children[1].kind == Kind::symbol;
  };
  if (differential(above) && differential(below))
    return unary(Kind::apply, "d/d" + below.children[1].text, std::move(above.children[1]));
  return binary(Kind::divide, "", std::move(above), std::move(below));
}

Expr Parser::square_root() {
  Expr index;
  if (is(Tok::open_square)) {
    advance();
    index = sum();
    expect(Tok::close_square, "']'");
  } else {
    index = leaf(Kind::number, "2");
  }
  return binary(Kind::root, "", argument(), std::move(index));
}

Expr Parser::command() {
  const Deeper deeper(*this);
  const std::string name = now().text;
  if (name == "begin") return environment();
  advance();
  if (name == "frac") return fraction();
  if (name == "sqrt") return square_root();
  if (name == "cbrt") {
    Expr radicand = argument();
    return binary(Kind::root, "", std::move(radicand), leaf(Kind::number, "3"));
  }
  if (name == "binom") {
    if (is(Tok::open_round)) return make(Kind::function, "binom", arguments());
    Expr above = fraction_part();
    return binary(Kind::function, "binom", std::move(above), fraction_part());
  }
  if (name == "overline") return unary(Kind::function, "conj", argument());
  if (name == "abs") return unary(Kind::absolute, "", argument());
  if (name == "floor") return unary(Kind::floor, "", argument());
  if (name == "ceil") return unary(Kind::ceiling, "", argument());
  if (name == "emptyset") return leaf(Kind::empty_set, "");
  if (name == "angle" || name == "triangle") {
    std::vector<Expr> letters;
    while (is(Tok::symbol)) letters.push_back(symbol());
    if (letters.empty()) fail("the letters of a figure");
    return make(Kind::apply, name, std::move(letters));
  }
  if (name == "sum" || name == "prod") return sum_like(name);
  if (name == "int") return integral();
  if (name == "lim") return limit();
  --at_;
  fail("a value");
}

}  // namespace cohort::math
