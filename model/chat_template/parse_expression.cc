#include <fmt/format.h>

#include <algorithm>

#include "model/chat_template/parse_nested.h"
#include "model/chat_template/parser.h"

namespace cohort::chat {

using enum Expr::Kind;

ExprPtr Parser::make(Expr::Kind kind, int line) {
  auto out = std::make_unique<Expr>();
  out->kind = kind;
  out->line = line;
  return out;
}

// A chain a + b + c ... is a tree as deep as it is long: what counts is the tree.
void Parser::deepen(Expr& out, const Expr& part) const {
  out.depth = std::max(out.depth, part.depth + 1);
  if (out.depth > kMaxNesting) fail("an expression of too many links");
}

void Parser::add(Expr& out, ExprPtr part) const {
  if (part) deepen(out, *part);
  out.parts.push_back(std::move(part));
}

ExprPtr Parser::expression(bool with_conditional) {
  const Nested nested(*this);
  if (!with_conditional) return or_expression();
  int line = current().line;
  ExprPtr node = or_expression();
  for (; take_name("if"); line = current().line) {
    ExprPtr out = make(kConditional, line);
    add(*out, or_expression());
    add(*out, std::move(node));
    add(*out, take_name("else") ? expression() : nullptr);
    node = std::move(out);
  }
  return node;
}

ExprPtr Parser::or_expression() {
  const int line = current().line;
  ExprPtr node = and_expression();
  if (!at_name("or")) return node;
  ExprPtr out = make(kOr, line);
  add(*out, std::move(node));
  while (take_name("or")) add(*out, and_expression());
  return out;
}

ExprPtr Parser::and_expression() {
  const int line = current().line;
  ExprPtr node = not_expression();
  if (!at_name("and")) return node;
  ExprPtr out = make(kAnd, line);
  add(*out, std::move(node));
  while (take_name("and")) add(*out, not_expression());
  return out;
}

ExprPtr Parser::not_expression() {
  if (!at_name("not")) return compare();
  const Nested nested(*this);
  ExprPtr out = make(kNot, take().line);
  add(*out, not_expression());
  return out;
}

ExprPtr Parser::compare() {
  const int line = current().line;
  ExprPtr node = sum();
  ExprPtr out;
  while (true) {
    std::string op;
    if (at(Token::Kind::kOperator)) {
      for (const std::string_view known : {"==", "!=", "<", "<=", ">", ">="})
        if (current().text == known) op = known;
      if (!op.empty()) take();
    } else if (take_name("in")) {
      op = "in";
    } else if (at_name("not") && ahead().kind == Token::Kind::kName && ahead().text == "in") {
      take();
      take();
      op = "not in";
    }
    if (op.empty()) break;
    if (!out) {
      out = make(kCompare, line);
      add(*out, std::move(node));
    }
    out->operators.push_back(std::move(op));
    add(*out, sum());
  }
  return out ? std::move(out) : std::move(node);
}

ExprPtr Parser::sum() {
  int line = current().line;
  ExprPtr node = concat();
  for (; at_operator("+") || at_operator("-"); line = current().line) {
    ExprPtr out = make(kBinary, line);
    out->text = take().text;
    add(*out, std::move(node));
    add(*out, concat());
    node = std::move(out);
  }
  return node;
}

ExprPtr Parser::concat() {
  const int line = current().line;
  ExprPtr node = product();
  if (!at_operator("~")) return node;
  ExprPtr out = make(kConcat, line);
  add(*out, std::move(node));
  while (take_operator("~")) add(*out, product());
  return out;
}

ExprPtr Parser::product() {
  int line = current().line;
  ExprPtr node = power();
  while (at_operator("*") || at_operator("/") || at_operator("//") || at_operator("%")) {
    ExprPtr out = make(kBinary, line);
    out->text = take().text;
    add(*out, std::move(node));
    add(*out, power());
    node = std::move(out);
    line = current().line;
  }
  return node;
}

ExprPtr Parser::power() {
  int line = current().line;
  ExprPtr node = unary();
  for (; at_operator("**"); line = current().line) {
    ExprPtr out = make(kBinary, line);
    out->text = take().text;
    add(*out, std::move(node));
    add(*out, unary());
    node = std::move(out);
  }
  return node;
}

ExprPtr Parser::unary(bool with_filter) {
  ExprPtr node;
  if (at_operator("-") || at_operator("+")) {
    const Nested nested(*this);
    const Token& sign = take();
    node = make(kUnary, sign.line);
    node->text = sign.text;
    add(*node, unary(false));
  } else {
    node = primary();
  }
  node = postfix(std::move(node));
  return with_filter ? filter_or_test(std::move(node)) : std::move(node);
}

ExprPtr Parser::primary(bool with_namespace) {
  const Token& token = current();
  if (token.kind == Token::Kind::kName) {
    take();
    ExprPtr node = make(kConstant, token.line);
    if (token.text == "true" || token.text == "True") {
      node->constant = Value::boolean(true);
    } else if (token.text == "false" || token.text == "False") {
      node->constant = Value::boolean(false);
    } else if (token.text == "none" || token.text == "None") {
      node->constant = Value::none();
    } else {
      node->kind = kName;
      node->text = token.text;
      if (with_namespace && take_operator(".")) {
        node->kind = kNamespaceTarget;
        node->attribute = expect_any_name();
      }
    }
    return node;
  }
  if (token.kind == Token::Kind::kText) {
    auto text = std::make_shared<Text>();
    ExprPtr node = make(kConstant, token.line);
    while (at(Token::Kind::kText)) text->bytes += take().text;
    for (const char c : text->bytes) text->length += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    node->constant = Value(Kind::kText, std::move(text));
    return node;
  }
  if (token.kind == Token::Kind::kNumber) {
    take();
    ExprPtr node = make(kConstant, token.line);
    node->constant = token.number;
    return node;
  }
  if (take_operator("(")) {
    ExprPtr node = tuple({.parentheses = true});
    expect_operator(")");
    return node;
  }
  if (at_operator("[")) return list();
  if (at_operator("{")) return dict();
  fail(fmt::format("unexpected '{}'", describe(token)), token.line);
}

ExprPtr Parser::tuple(TupleRule rule) {
  const Nested nested(*this);
  const int line = current().line;
  std::vector<ExprPtr> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) expect_operator(",");
    if (at(Token::Kind::kVariableEnd) || at(Token::Kind::kBlockEnd) || at_operator(")")) break;
    items.push_back(rule.simplified ? primary(rule.with_namespace)
                                    : expression(rule.with_conditional));
    if (!at_operator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return std::move(items[0]);
  if (!is_tuple && !rule.parentheses)
    fail(fmt::format("expected an expression, got '{}'", describe(current())));
  ExprPtr node = make(kTuple, line);
  for (ExprPtr& item : items) add(*node, std::move(item));
  return node;
}

ExprPtr Parser::list() {
  ExprPtr node = make(kList, take().line);
  while (!at_operator("]")) {
    if (!node->parts.empty()) expect_operator(",");
    if (at_operator("]")) break;
    add(*node, expression());
  }
  expect_operator("]");
  return node;
}

ExprPtr Parser::dict() {
  ExprPtr node = make(kDict, take().line);
  while (!at_operator("}")) {
    if (!node->parts.empty()) expect_operator(",");
    if (at_operator("}")) break;
    add(*node, expression());
    if (node->parts.back()->kind == kList || node->parts.back()->kind == kDict)
      fail("a list or dict cannot be the key of a dict");
    expect_operator(":");
    add(*node, expression());
  }
  expect_operator("}");
  return node;
}

ExprPtr Parser::postfix(ExprPtr node) {
  while (true) {
    if (at_operator(".") || at_operator("["))
      node = subscript(std::move(node));
    else if (at_operator("("))
      node = call(std::move(node));
    else
      return node;
  }
}

ExprPtr Parser::filter_or_test(ExprPtr node) {
  while (true) {
    if (at_operator("|"))
      node = filters(std::move(node));
    else if (at_name("is"))
      node = test(std::move(node));
    else if (at_operator("("))
      node = call(std::move(node));
    else
      return node;
  }
}

ExprPtr Parser::subscript(ExprPtr node) {
  const Token& token = take();
  if (token.text == ".") {
    const Token& name = take();
    if (name.kind == Token::Kind::kName) {
      ExprPtr out = make(kAttribute, token.line);
      out->text = name.text;
      add(*out, std::move(node));
      return out;
    }
    if (name.kind != Token::Kind::kNumber || !name.number.is(Kind::kInt))
      fail("expected name or number", name.line);
    ExprPtr out = make(kItem, token.line);
    add(*out, std::move(node));
    add(*out, make(kConstant, name.line));
    out->parts.back()->constant = name.number;
    return out;
  }
  ExprPtr out;
  if (at_operator("]")) {  // x[] is x[()] to Jinja
    out = make(kItem, token.line);
    add(*out, std::move(node));
    add(*out, make(kTuple, token.line));
  } else {
    out = subscribed(std::move(node));
  }
  out->line = token.line;
  if (at_operator(",")) {
    // Several indices are a tuple, and a tuple ends with its last item.
    if (out->kind == kSlice) fail("a slice in a tuple");
    ExprPtr index = make(kTuple, token.line);
    add(*index, std::move(out->parts[1]));
    while (take_operator(",")) {
      ExprPtr next = subscribed(nullptr);
      if (next->kind == kSlice) fail("a slice in a tuple");
      add(*index, std::move(next->parts[1]));
    }
    deepen(*out, *index);
    out->parts[1] = std::move(index);
  }
  expect_operator("]");
  return out;
}

ExprPtr Parser::subscribed(ExprPtr node) {
  ExprPtr out = make(kItem, current().line);
  add(*out, std::move(node));
  add(*out, at_operator(":") ? nullptr : expression());
  if (!take_operator(":")) return out;
  out->kind = kSlice;
  const auto ends = [&] { return at_operator(":") || at_operator("]") || at_operator(","); };
  add(*out, ends() ? nullptr : expression());
  const bool has_step = take_operator(":") && !ends();
  add(*out, has_step ? expression() : nullptr);
  return out;
}

ExprPtr Parser::call(ExprPtr node) {
  ExprPtr out = make(kCall, current().line);
  add(*out, std::move(node));
  call_arguments(*out);
  return out;
}

void Parser::call_arguments(Expr& node) {
  CallSyntax& out = node.call;
  const int line = current().line;
  expect_operator("(");
  const auto ensure = [&](bool holds) {
    if (!holds) fail("invalid syntax for function call expression", line);
  };
  for (bool first = true; !at_operator(")"); first = false) {
    if (!first) {
      expect_operator(",");
      if (at_operator(")")) break;
    }
    if (take_operator("*")) {
      ensure(!out.star && !out.star_star);
      out.star = expression();
      deepen(node, *out.star);
    } else if (take_operator("**")) {
      ensure(!out.star_star);
      out.star_star = expression();
      deepen(node, *out.star_star);
    } else if (at(Token::Kind::kName) && ahead().kind == Token::Kind::kOperator &&
               ahead().text == "=") {
      ensure(!out.star_star);
      const std::string name = take().text;
      take();
      for (const auto& [other, value] : out.named)
        if (other == name) fail(fmt::format("keyword argument repeated: {}", name), line);
      out.named.emplace_back(name, expression());
      deepen(node, *out.named.back().second);
    } else {
      ensure(!out.star && !out.star_star && out.named.empty());
      out.positional.push_back(expression());
      deepen(node, *out.positional.back());
    }
  }
  expect_operator(")");
}

ExprPtr Parser::filters(ExprPtr node) {
  while (take_operator("|")) node = filter(std::move(node));
  return node;
}

ExprPtr Parser::filter(ExprPtr node) {
  ExprPtr out = make(kFilter, current().line);
  out->text = expect_any_name();
  while (take_operator(".")) out->text += "." + expect_any_name();
  add(*out, std::move(node));
  if (at_operator("(")) call_arguments(*out);
  return out;
}

ExprPtr Parser::test(ExprPtr node) {
  const int line = take().line;
  const bool negated = take_name("not");
  ExprPtr out = make(kTest, line);
  out->text = expect_any_name();
  while (take_operator(".")) out->text += "." + expect_any_name();
  add(*out, std::move(node));
  if (at_operator("(")) {
    call_arguments(*out);
  } else if ((at(Token::Kind::kName) && !at_any_name({"else", "or", "and"})) ||
             at(Token::Kind::kText) || at(Token::Kind::kNumber) || at_operator("[") ||
             at_operator("{")) {
    if (at_name("is")) fail("You cannot chain multiple tests with is");
    out->call.positional.push_back(postfix(primary()));
    deepen(*out, *out->call.positional.back());
  }
  if (!negated) return out;
  ExprPtr inverse = make(kNot, line);
  add(*inverse, std::move(out));
  return inverse;
}

}  // namespace cohort::chat
