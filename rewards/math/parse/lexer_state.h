// The lexer's state: shared by lexer.cc (characters, numbers, letters), lexer_commands.cc (what a
// backslash begins) and lexer_words.cc (what stands in \text{...}).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rewards/math/budget.h"
#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/number_lexer.h"
#include "rewards/math/parse/token.h"

namespace cohort::math {

class Lexer {
 public:
  Lexer(std::string_view text, Budget& budget);
  std::vector<Token> run();

 private:
  [[noreturn]] void fail(size_t at, const char* expected) { throw Unreadable{at, expected}; }
  Token& push(Tok type, size_t at, std::string text = {});
  bool starts(size_t at, std::string_view what) const { return text_.substr(at).starts_with(what); }
  char char_at(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  bool after_value() const;  // the last token ends a value
  void nested(int change);
  // The braces' content behind `at`: [first, last), and `at` behind them. A bare character when
  // there are no braces.
  std::pair<size_t, size_t> argument(size_t& at, size_t end);

  // lexer.cc
  // Brackets whose own level has a ';': their commas between digits are decimal commas, unless
  // some comma there is followed by a blank.
  void find_parted_brackets();
  NumberContext context() const;
  void open(Tok type, size_t at);
  void close(Tok type, size_t at);
  void number(size_t& at);
  bool currency_code(std::string_view letters, size_t& at);
  bool is_double_prime(size_t at) const;
  // Letters outside \text{...}.
  void letters(size_t& at, size_t end);
  // One token (or none) of mathematics.
  void one(size_t& at, size_t end);
  void math(size_t at, size_t end);
  void relation(size_t& at, size_t bytes, const char* text);
  void punctuation(size_t& at);

  // lexer_commands.cc
  void command(size_t& at, size_t end);
  void styled(const std::string& name, size_t& at, size_t end, size_t start);
  void negated(size_t& at, size_t end, size_t start);
  void control_symbol(size_t& at, size_t start, size_t end);
  void delimiter(size_t& at, size_t end, bool left);

  // lexer_words.cc
  // The content of \text{...}: runs of words, and mathematics between them.
  void words(size_t at, size_t end);
  void push_words(std::string_view run, size_t at);
  void push_text(const std::string& words, size_t at);
  void roman(size_t first, size_t last);

  struct Level {
    Tok type;
    size_t at;
  };
  std::string_view text_;
  Budget& budget_;
  std::vector<Token> tokens_;
  std::vector<Level> levels_;
  std::vector<size_t> decimal_brackets_;
  bool blank_ = false;
  bool has_prime_ = false;          // among the tokens
  bool has_lone_quote_ = false;     // one quotation mark in the text
  std::vector<bool> environments_;  // open ones: whether '&' aligns there and parts no cells
  int64_t nesting_ = 0;
};

}  // namespace cohort::math
