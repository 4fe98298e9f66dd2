// Tokens to a tree: Jinja's grammar, read by recursive descent.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "model/chat_template/ast.h"
#include "model/chat_template/lexer.h"

namespace cohort::chat {

class Parser {
 public:
  // Throws InputError with `file` and line: what is no template, and what is not supported.
  Parser(std::vector<Token> tokens, const std::string& file)
      : tokens_(std::move(tokens)), file_(file) {}
  Program parse();

 private:
  using Names = std::initializer_list<std::string_view>;
  // Bounds the recursion of the parser and of all that walks its trees.
  class Nested;

  // parse_statement.cc
  Block statements(Names ends, bool take_end);
  Block body(Names ends);
  void statement(Block& out);
  void if_statement(Block& out, int line);
  void for_statement(Statement& out);
  void set_statement(Statement& out);
  void macro_statement(Statement& out);
  void call_statement(Statement& out);
  void filter_statement(Statement& out);
  void with_statement(Statement& out);
  void print_statement(Block& out, int line);
  void signature(MacroSyntax& out);
  ExprPtr target(bool with_namespace);
  std::string target_name();
  static ExprPtr copy_target(const Expr& expr);
  static bool can_assign(const Expr& expr);

  // parse_expression.cc
  ExprPtr expression(bool with_conditional = true);
  ExprPtr or_expression();
  ExprPtr and_expression();
  ExprPtr not_expression();
  ExprPtr compare();
  ExprPtr sum();
  ExprPtr concat();
  ExprPtr product();
  ExprPtr power();
  ExprPtr unary(bool with_filter = true);
  ExprPtr primary(bool with_namespace = false);
  ExprPtr postfix(ExprPtr node);
  ExprPtr filter_or_test(ExprPtr node);
  ExprPtr filter(ExprPtr node);
  ExprPtr filters(ExprPtr node);
  ExprPtr test(ExprPtr node);
  ExprPtr subscript(ExprPtr node);
  ExprPtr subscribed(ExprPtr node);
  ExprPtr call(ExprPtr node);
  void call_arguments(Expr& node);
  ExprPtr list();
  ExprPtr dict();
  struct TupleRule {
    bool simplified = false, with_conditional = true, parentheses = false, with_namespace = false;
  };
  ExprPtr tuple(TupleRule rule);

  // Tokens.
  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool at(Token::Kind kind) const { return current().kind == kind; }
  bool at_operator(std::string_view text) const;
  bool at_name(std::string_view text) const;
  bool at_any_name(Names names) const;
  bool take_operator(std::string_view text);
  bool take_name(std::string_view text);
  void expect_operator(std::string_view text);
  void expect_name(std::string_view text);
  void expect(Token::Kind kind);
  std::string expect_any_name();
  static std::string describe(const Token& token);
  [[noreturn]] void fail(const std::string& message) const { fail(message, current().line); }
  [[noreturn]] void fail(const std::string& message, int line) const {
    fail_at(file_, line, message);
  }
  ExprPtr make(Expr::Kind kind, int line);
  // Null is kept: something left out.
  void add(Expr& out, ExprPtr part) const;
  void deepen(Expr& out, const Expr& part) const;

  std::vector<Token> tokens_;
  const std::string& file_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace cohort::chat
