#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "model/chat_template/parse_nested.h"
#include "model/chat_template/parser.h"

namespace cohort::chat {

using Tag = Statement::Kind;

namespace {

std::unique_ptr<Statement> make_statement(Tag kind, int line) {
  auto out = std::make_unique<Statement>();
  out->kind = kind;
  out->line = line;
  return out;
}

}  // namespace

bool Parser::at_operator(std::string_view text) const {
  return at(Token::Kind::kOperator) && current().text == text;
}
bool Parser::at_name(std::string_view text) const {
  return at(Token::Kind::kName) && current().text == text;
}
bool Parser::at_any_name(Names names) const {
  return std::any_of(names.begin(), names.end(), [&](auto name) { return at_name(name); });
}
bool Parser::take_operator(std::string_view text) {
  if (!at_operator(text)) return false;
  take();
  return true;
}
bool Parser::take_name(std::string_view text) {
  if (!at_name(text)) return false;
  take();
  return true;
}
void Parser::expect_operator(std::string_view text) {
  if (!take_operator(text)) fail(fmt::format("expected '{}', got '{}'", text, describe(current())));
}
void Parser::expect_name(std::string_view text) {
  if (!take_name(text)) fail(fmt::format("expected '{}', got '{}'", text, describe(current())));
}
void Parser::expect(Token::Kind kind) {
  if (!at(kind))
    fail(fmt::format("expected '{}', got '{}'", describe({kind, 0, {}, {}}), describe(current())));
  take();
}
std::string Parser::expect_any_name() {
  if (!at(Token::Kind::kName)) fail(fmt::format("expected a name, got '{}'", describe(current())));
  return take().text;
}

std::string Parser::describe(const Token& token) {
  switch (token.kind) {
    case Token::Kind::kData:
      return "text of the template";
    case Token::Kind::kBlockBegin:
      return "{%";
    case Token::Kind::kBlockEnd:
      return "%}";
    case Token::Kind::kVariableBegin:
      return "{{";
    case Token::Kind::kVariableEnd:
      return "}}";
    case Token::Kind::kText:
      return "string";
    case Token::Kind::kEnd:
      return "end of the template";
    default:
      return token.text;
  }
}

Program Parser::parse() {
  Program program;
  program.body = statements({}, false);
  return program;
}

Block Parser::statements(Names ends, bool take_end) {
  Block out;
  while (!at(Token::Kind::kEnd)) {
    const int line = current().line;
    if (at(Token::Kind::kData)) {
      out.push_back(make_statement(Tag::kText, line));
      out.back()->text = take().text;
    } else if (at(Token::Kind::kVariableBegin)) {
      take();
      out.push_back(make_statement(Tag::kOutput, line));
      out.back()->value = tuple({});
      expect(Token::Kind::kVariableEnd);
    } else {
      expect(Token::Kind::kBlockBegin);
      if (at_any_name(ends)) {
        if (take_end) take();
        return out;
      }
      statement(out);
      expect(Token::Kind::kBlockEnd);
    }
  }
  if (ends.size())
    fail(fmt::format("the template ends where {{% {} %}} is missing", *(ends.end() - 1)));
  return out;
}

Block Parser::body(Names ends) {
  take_operator(":");
  expect(Token::Kind::kBlockEnd);
  return statements(ends, false);
}

void Parser::statement(Block& out) {
  const Nested nested(*this);
  const Token& tag = current();
  if (tag.kind != Token::Kind::kName) fail("tag name expected");
  const std::string name = tag.text;
  const int line = tag.line;
  for (const std::string_view other :
       {"extends", "include", "import", "from", "block", "autoescape"})
    if (name == other) fail(fmt::format("the tag '{}' is not supported", name));
  take();
  if (name == "if") return if_statement(out, line);
  if (name == "print") return print_statement(out, line);
  auto made = make_statement(Tag::kText, line);
  if (name == "for") {
    for_statement(*made);
  } else if (name == "set") {
    set_statement(*made);
  } else if (name == "macro") {
    macro_statement(*made);
  } else if (name == "call") {
    call_statement(*made);
  } else if (name == "filter") {
    filter_statement(*made);
  } else if (name == "with") {
    with_statement(*made);
  } else if (name == "break") {
    made->kind = Tag::kBreak;
  } else if (name == "continue") {
    made->kind = Tag::kContinue;
  } else if (name == "generation") {
    made->kind = Tag::kGeneration;
    made->body = body({"endgeneration"});
    take();
  } else {
    fail(fmt::format("unknown tag '{}'", name), line);
  }
  out.push_back(std::move(made));
}

void Parser::if_statement(Block& out, int line) {
  Block* into = &out;
  std::deque<Nested> inside;  // an elif is an if in the else of the one before
  while (true) {
    into->push_back(make_statement(Tag::kIf, line));
    Statement& branch = *into->back();
    branch.test = tuple({.with_conditional = false});
    branch.body = body({"elif", "else", "endif"});
    const Token& end = take();
    line = current().line;
    if (end.text == "elif") {
      inside.emplace_back(*this);
      into = &branch.otherwise;
      continue;
    }
    if (end.text == "else") {
      branch.otherwise = body({"endif"});
      take();
    }
    return;
  }
}

void Parser::for_statement(Statement& out) {
  out.kind = Tag::kFor;
  out.target = target(false);
  expect_name("in");
  out.value = tuple({.with_conditional = false});
  if (take_name("if")) {
    out.test = expression();
    out.test_target = copy_target(*out.target);
  }
  out.recursive = take_name("recursive");
  out.body = body({"endfor", "else"});
  if (take().text == "else") {
    out.otherwise = body({"endfor"});
    take();
  }
}

void Parser::set_statement(Statement& out) {
  out.target = target(true);
  if (take_operator("=")) {
    out.kind = Tag::kSet;
    out.value = tuple({});
    return;
  }
  out.kind = Tag::kSetBlock;
  out.value = filters(nullptr);
  out.body = body({"endset"});
  take();
}

void Parser::macro_statement(Statement& out) {
  out.kind = Tag::kMacro;
  out.text = target_name();
  signature(out.macro);
  out.body = body({"endmacro"});
  take();
}

void Parser::call_statement(Statement& out) {
  out.kind = Tag::kCallBlock;
  if (at_operator("(")) signature(out.macro);
  out.value = expression();
  if (out.value->kind != Expr::Kind::kCall) fail("expected a call", out.line);
  out.body = body({"endcall"});
  take();
}

void Parser::filter_statement(Statement& out) {
  out.kind = Tag::kFilterBlock;
  out.value = filters(filter(nullptr));
  out.body = body({"endfilter"});
  take();
}

void Parser::with_statement(Statement& out) {
  out.kind = Tag::kWith;
  while (!at(Token::Kind::kBlockEnd)) {
    if (!out.targets.empty()) expect_operator(",");
    out.targets.push_back(target(false));
    expect_operator("=");
    out.values.push_back(expression());
  }
  out.body = body({"endwith"});
  take();
}

void Parser::print_statement(Block& out, int line) {
  for (bool first = true; !at(Token::Kind::kBlockEnd); first = false) {
    if (!first) expect_operator(",");
    out.push_back(make_statement(Tag::kOutput, line));
    out.back()->value = expression();
  }
}

void Parser::signature(MacroSyntax& out) {
  expect_operator("(");
  while (!at_operator(")")) {
    if (!out.parameters.empty()) expect_operator(",");
    const std::string name = target_name();
    for (const std::string& other : out.parameters)
      if (other == name) fail(fmt::format("duplicate argument '{}'", name));
    if (take_operator("="))
      out.defaults.push_back(expression());
    else if (!out.defaults.empty())
      fail("non-default argument follows default argument");
    out.parameters.push_back(name);
  }
  expect_operator(")");
}

bool Parser::can_assign(const Expr& expr) {
  if (expr.kind == Expr::Kind::kName || expr.kind == Expr::Kind::kNamespaceTarget) return true;
  return expr.kind == Expr::Kind::kTuple &&
         std::all_of(expr.parts.begin(), expr.parts.end(),
                     [](const ExprPtr& part) { return can_assign(*part); });
}

ExprPtr Parser::target(bool with_namespace) {
  ExprPtr out = tuple({.simplified = true, .with_namespace = with_namespace});
  if (!can_assign(*out)) fail("cannot assign to this expression", out->line);
  return out;
}

std::string Parser::target_name() {
  const std::string name = expect_any_name();
  for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"})
    if (name == constant) fail(fmt::format("cannot assign to '{}'", name));
  return name;
}

ExprPtr Parser::copy_target(const Expr& expr) {
  auto out = std::make_unique<Expr>();
  out->kind = expr.kind;
  out->line = expr.line;
  out->text = expr.text;
  for (const ExprPtr& part : expr.parts) out->parts.push_back(copy_target(*part));
  return out;
}

}  // namespace cohort::chat
