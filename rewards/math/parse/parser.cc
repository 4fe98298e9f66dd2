#include "rewards/math/parse/parser.h"

#include <algorithm>

#include "rewards/math/parse/characters.h"

namespace cohort::math {

Parser::Parser(std::vector<Token> tokens, std::string_view text, const Expected& expected,
               Budget& budget)
    : tokens_(std::move(tokens)), text_(text), expected_(expected), budget_(budget) {
  match_brackets();
}

Expr Parser::parse() {
  Expr root = choice_ahead() ? choice() : statement();
  if (!is(Tok::end)) fail("the end");
  check_depth(root);
  return root;
}

const Token& Parser::next(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool Parser::is_command(const char* name) const { return is(Tok::command) && now().text == name; }

bool Parser::accept(Tok type) {
  if (!is(type)) return false;
  advance();
  return true;
}

void Parser::expect(Tok type, const char* what) {
  if (!accept(type)) fail(what);
}

void Parser::fail(const char* expected) const { throw Unreadable{now().at, expected}; }

Expr Parser::make(Kind kind, std::string text, std::vector<Expr> children) {
  budget_.step();
  budget_.check(BudgetSpent::nodes, ++nodes_, budget_.limits().nodes);
  return {kind, std::move(text), std::move(children)};
}

Expr Parser::unary(Kind kind, std::string text, Expr child) {
  std::vector<Expr> children;
  children.push_back(std::move(child));
  return make(kind, std::move(text), std::move(children));
}

Expr Parser::binary(Kind kind, std::string text, Expr left, Expr right) {
  std::vector<Expr> children;
  children.reserve(2);
  children.push_back(std::move(left));
  children.push_back(std::move(right));
  return make(kind, std::move(text), std::move(children));
}

// Round, square and set brackets that close each other, mixed ones too: [0, 1). Where they do not
// match, square ones may stand the French way round.
void Parser::match_brackets() {
  std::vector<size_t> open;
  bool matched = true;
  bool square = false;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const Tok type = tokens_[i].type;
    square = square || type == Tok::open_square || type == Tok::close_square;
    if (type == Tok::open_round || type == Tok::open_square || type == Tok::open_set ||
        type == Tok::open_group) {
      open.push_back(i);
    } else if (type == Tok::close_round || type == Tok::close_square || type == Tok::close_set ||
               type == Tok::close_group) {
      if (open.empty()) {
        matched = false;
        continue;
      }
      tokens_[open.back()].match = static_cast<int32_t>(i);
      open.pop_back();
    }
  }
  matched = matched && open.empty();
  const auto opens_badly = [&](size_t i) {
    if (tokens_[i].type != Tok::close_square) return false;
    if (i == 0) return true;
    const Tok before = tokens_[i - 1].type;
    return before == Tok::relation || before == Tok::unite || before == Tok::intersect ||
           before == Tok::set_minus || before == Tok::comma;
  };
  if (!square) return;
  french_ = !matched;
  for (size_t i = 0; i < tokens_.size() && !french_; ++i) french_ = opens_badly(i);
}

void Parser::check_depth(const Expr& root) const {
  struct Entry {
    const Expr* expr;
    int64_t depth;
  };
  std::vector<Entry> open{{&root, 1}};
  while (!open.empty()) {
    const auto [expr, depth] = open.back();
    open.pop_back();
    budget_.check(BudgetSpent::depth, depth, budget_.limits().depth);
    for (const Expr& child : expr->children) open.push_back({&child, depth + 1});
  }
}

// "(B)", "(B) 12": a letter of a multiple choice, alone or before what it stands for.
bool Parser::choice_ahead() const {
  if (!is(Tok::open_round) || next(2).type != Tok::close_round) return false;
  const Token& letter = next();
  const bool is_letter_token = letter.type == Tok::symbol || letter.type == Tok::text;
  if (!is_letter_token || letter.text.size() != 1 || letter.text[0] < 'A' || letter.text[0] > 'Z')
    return false;
  const Token& behind = next(3);
  if (behind.type == Tok::end) return true;
  if (!behind.blank_before && letter.type == Tok::symbol) return false;
  switch (behind.type) {
    case Tok::number:
    case Tok::minus:
    case Tok::text:
    case Tok::command:
    case Tok::currency:
      return true;
    default:
      return letter.type == Tok::text && behind.type != Tok::caret;
  }
}

Expr Parser::choice() {
  Expr letter = leaf(Kind::choice, next().text);
  at_ += 3;
  accept(Tok::colon);
  if (is(Tok::end)) return letter;
  std::vector<Expr> sides{std::move(letter)};
  sides.push_back(statement());
  return make(Kind::relation, "=", std::move(sides));
}

}  // namespace cohort::math
