// Tokens as a tree, by recursive descent with one function a level of precedence:
//
//   statement   groups ( ';' group )*
//   group       commas ( 'and' | 'or' commas )*
//   commas      relation ( ',' relation )*
//   relation    sets ( = < ... sets )*
//   sets        ratio ( union | intersection | without ratio )*
//   ratio       sum ( ':' sum )*
//   sum         term ( + | - | plus-minus term )*
//   term        factor ( juxtaposed, times, over: factor )*, its units and percent signs
//   factor      primary, its powers, factorials and degrees
#pragma once

#include <string_view>
#include <vector>

#include "rewards/math/budget.h"
#include "rewards/math/expr.h"
#include "rewards/math/parse/expected.h"
#include "rewards/math/parse/token.h"

namespace cohort::math {

class Parser {
 public:
  Parser(std::vector<Token> tokens, std::string_view text, const Expected& expected,
         Budget& budget);
  // All tokens as one statement. Throws BudgetExhausted and Unreadable.
  Expr parse();

 private:
  // One more level of nesting while it lives.
  class Deeper {
   public:
    explicit Deeper(Parser& parser) : parser_(parser) {
      parser_.budget_.check(BudgetSpent::depth, ++parser_.nesting_, parser_.budget_.limits().depth);
    }
    ~Deeper() { --parser_.nesting_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    Parser& parser_;
  };
  // What '|' and ':' mean changes inside brackets and comes back behind them.
  struct Scope {
    int bars = 0;              // that are open: the next '|' behind a value closes one
    bool colon_ends = false;   // { x : ... }
    bool in_integral = false;  // "dx" ends a term
  };

  // parser.cc
  // The last token is the end, and stays the one that is looked at.
  const Token& now() const { return next(0); }
  const Token& next(size_t ahead = 1) const;
  bool is(Tok type) const { return now().type == type; }
  bool is_command(const char* name) const;
  bool accept(Tok type);
  void expect(Tok type, const char* what);
  // Stays at the end.
  void advance() { at_ += at_ + 1 < tokens_.size(); }
  [[noreturn]] void fail(const char* expected) const;
  Expr make(Kind kind, std::string text, std::vector<Expr> children = {});
  Expr unary(Kind kind, std::string text, Expr child);
  Expr binary(Kind kind, std::string text, Expr left, Expr right);
  Expr leaf(Kind kind, std::string text) { return make(kind, std::move(text)); }
  void match_brackets();
  void check_depth(const Expr& root) const;
  bool choice_ahead() const;
  Expr choice();

  // statements.cc
  Expr statement();
  Expr group();
  std::vector<Expr> commas(bool& comma_last);
  Expr joined(std::vector<std::vector<Expr>> parts, const std::vector<Tok>& links,
              bool comma_before_link);
  Expr relation();
  Expr modulus(Expr value);
  Expr operand();
  Expr sets();
  bool union_ahead() const;
  Expr ratio();
  Expr ratio_or_time(std::vector<Expr> parts);
  bool ends_item() const;
  bool is_separator_text() const;
  bool skip_separator();

  // terms.cc
  Expr sum();
  Expr signed_term();
  Expr term();
  Expr product(std::vector<Expr> factors);
  bool starts_factor() const;
  bool mixed_ahead() const;
  Expr factor();
  Expr exponent();
  Expr with_degrees(Expr value);

  // suffixes.cc: what stands behind a value
  bool suffix(std::vector<Expr>& factors);
  bool unit_suffix(Expr& value);
  bool word_suffix(Expr& value);
  bool symbol_units_ahead() const;
  bool letter_unit_ahead() const;
  Expr quantity(Expr value, std::string unit);

  // compounds.cc: values in several units
  Expr with_smaller_units(Expr value);
  size_t primes_ahead(size_t at) const;
  size_t take_primes();
  Expr in_primes(Expr value);
  Expr in_arcminutes(Expr degrees);

  // primary.cc
  Expr primary();
  Expr number();
  Expr based(const std::string& digits);
  Expr symbol();
  std::string subscript();
  std::string raw_text(size_t first, size_t last) const;
  bool is_call(const std::string& name) const;
  std::vector<Expr> arguments();
  Expr argument();
  Expr fraction();
  Expr fraction_part();
  Expr square_root();
  Expr command();
  Expr number_set();

  // functions.cc
  Expr function();
  Expr function_argument(bool trigonometric);
  Expr sum_like(const std::string& name);
  Expr integral();
  Expr limit();

  // brackets.cc
  Expr round_or_square();
  Expr matrix_of(std::vector<Expr> rows_list);
  Expr braces();
  Expr set();
  Expr angle_tuple();
  Expr between(Kind kind, Tok close);
  Expr bars();
  std::vector<Expr> elements();
  Expr conditions();

  // environments.cc
  Expr environment();
  Expr matrix(const std::string& bracket);
  Expr system(const std::string& name);
  std::vector<std::vector<Expr>> rows(const std::string& name, bool statements);
  void end_environment(const std::string& name);

  std::vector<Token> tokens_;
  std::string_view text_;
  Expected expected_;  // also what the larger unit of a compound says of the next one
  Budget& budget_;
  size_t at_ = 0;
  size_t item_start_ = 0;
  int64_t nesting_ = 0;
  int64_t nodes_ = 0;
  bool french_ = false;  // ]a, b[
  Scope scope_;
};

// Words that are a value: a number ("five"), a constant ("infinity"), a set ("all real numbers"), a
// choice ("A", "option B"), else Kind::words.
Expr phrase(std::string_view words);

}  // namespace cohort::math
