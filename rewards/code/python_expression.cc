// The expression half of python_source.h: precedence as in Python's grammar.
#include <array>

#include "rewards/code/python_source.h"

namespace cohort::judge {

namespace {

using Kind = Node::Kind;

// A chain of operators is a deep tree too: a + b + c is (a + b) + c.
constexpr int kMaxDepth = 60, kMaxJoins = 500;

constexpr std::array<std::string_view, 22> kKeywords = {
    "and", "as",   "assert", "def",   "else",   "for", "from", "if",  "import", "in",   "is", "not",
    "or",  "pass", "return", "while", "lambda", "try", "with", "del", "global", "yield"};

bool is_keyword(std::string_view word) {
  for (const std::string_view keyword : kKeywords)
    if (word == keyword) return true;
  return false;
}

}  // namespace

bool ExpressionReader::join(Node& node, Node::Kind kind, std::string_view text, Node right) {
  if (++joins_ > kMaxJoins) return false;
  Node joined{.kind = kind, .text = std::string(text)};
  joined.children.push_back(std::move(node));
  joined.children.push_back(std::move(right));
  node = std::move(joined);
  return true;
}

namespace {

struct Deeper {
  explicit Deeper(int& depth) : depth(depth) { ++depth; }
  ~Deeper() { --depth; }
  int& depth;
};

}  // namespace

bool ExpressionReader::peek(std::string_view text) const {
  return at_ < tokens_.size() && tokens_[at_].kind != Token::Kind::constant &&
         tokens_[at_].text == text;
}
bool ExpressionReader::take(std::string_view text) {
  if (!peek(text)) return false;
  ++at_;
  return true;
}

bool ExpressionReader::read(Node& node) {
  if (!read_one(node)) return false;
  if (!peek(",")) return true;
  Node tuple{.kind = Kind::tuple};
  tuple.children.push_back(std::move(node));
  while (take(",") && !at_end() && !peek("=") && !peek(":"))
    if (!read_one(tuple.children.emplace_back())) return false;
  node = std::move(tuple);
  return true;
}

bool ExpressionReader::read_one(Node& node) {
  const Deeper deeper(depth_);
  return depth_ <= kMaxDepth && read_logic(node, "or");
}

bool ExpressionReader::read_logic(Node& node, std::string_view word) {
  const auto operand = [&](Node& to) {
    return word == "or" ? read_logic(to, "and") : read_not(to);
  };
  if (!operand(node)) return false;
  while (take(word)) {
    Node right;
    if (!operand(right)) return false;
    if (!join(node, Kind::logic, word, std::move(right))) return false;
  }
  return true;
}

bool ExpressionReader::read_not(Node& node) {
  if (!take("not")) return read_comparison(node);
  const Deeper deeper(depth_);
  node = {.kind = Kind::unary, .text = "not"};
  return depth_ <= kMaxDepth && read_not(node.children.emplace_back());
}

bool ExpressionReader::read_comparison(Node& node) {
  if (!read_sum(node)) return false;
  std::string op;
  for (const std::string_view mark : {"==", "!=", "<=", ">=", "<", ">", "in", "is"})
    if (take(mark)) {
      op = mark;
      break;
    }
  if (op.empty() && take("not")) {
    if (!take("in")) return false;
    op = "not in";
  }
  if (op.empty()) return true;
  if (op == "is" && take("not")) op = "is not";
  Node right;
  if (!read_sum(right)) return false;
  if (!join(node, Kind::compare, op, std::move(right))) return false;
  // a < b < c is not of this part.
  for (const std::string_view mark : {"==", "!=", "<=", ">=", "<", ">", "in", "is", "not"})
    if (peek(mark)) return false;
  return true;
}

bool ExpressionReader::read_sum(Node& node) {
  if (!read_product(node)) return false;
  while (peek("+") || peek("-")) {
    const std::string op = tokens_[at_++].text;
    Node right;
    if (!read_product(right)) return false;
    if (!join(node, Kind::binary, op, std::move(right))) return false;
  }
  return true;
}

bool ExpressionReader::read_product(Node& node) {
  if (!read_factor(node)) return false;
  while (peek("*") || peek("/") || peek("//") || peek("%")) {
    const std::string op = tokens_[at_++].text;
    Node right;
    if (!read_factor(right)) return false;
    if (!join(node, Kind::binary, op, std::move(right))) return false;
  }
  return true;
}

// - binds weaker than the ** to its right: -2**2 is -4.
bool ExpressionReader::read_factor(Node& node) {
  const Deeper deeper(depth_);
  if (depth_ > kMaxDepth) return false;
  if (peek("-") || peek("+")) {
    node = {.kind = Kind::unary, .text = tokens_[at_++].text};
    return read_factor(node.children.emplace_back());
  }
  if (!read_postfix(node)) return false;
  if (!take("**")) return true;
  Node right;
  if (!read_factor(right)) return false;
  return join(node, Kind::binary, "**", std::move(right));
}

bool ExpressionReader::read_postfix(Node& node) {
  if (!read_atom(node)) return false;
  while (peek("(") || peek(".")) {
    if (++joins_ > kMaxJoins) return false;
    if (take("(")) {
      Node call{.kind = Kind::call};
      call.children.push_back(std::move(node));
      if (!read_arguments(call)) return false;
      node = std::move(call);
    } else {
      ++at_;
      if (at_end() || tokens_[at_].kind != Token::Kind::name) return false;
      Node attribute{.kind = Kind::attribute, .text = tokens_[at_++].text};
      attribute.children.push_back(std::move(node));
      node = std::move(attribute);
    }
  }
  return !peek("[");
}

bool ExpressionReader::read_arguments(Node& call) {
  while (!take(")")) {
    Node argument;
    if (!read_one(argument)) return false;
    if (peek("for")) {
      if (call.children.size() != 1 || !read_comprehension(argument, call.children.emplace_back()))
        return false;
      return take(")");
    }
    call.children.push_back(std::move(argument));
    if (take(",")) continue;
    return take(")");
  }
  return true;
}

bool ExpressionReader::read_comprehension(Node& element, Node& node) {
  node = {.kind = Kind::comprehension};
  node.children.push_back(std::move(element));
  if (!take("for") || at_end() || tokens_[at_].kind != Token::Kind::name ||
      is_keyword(tokens_[at_].text))
    return false;
  node.text = tokens_[at_++].text;
  if (!take("in") || !read_logic(node.children.emplace_back(), "or")) return false;
  while (take("if"))
    if (!read_logic(node.children.emplace_back(), "or")) return false;
  return !peek("for");
}

bool ExpressionReader::read_atom(Node& node) {
  if (at_end()) return false;
  const Token& token = tokens_[at_];
  if (token.kind == Token::Kind::constant) {
    node.value = token.value;
    ++at_;
    const bool string =
        node.value.kind == Value::Kind::text || node.value.kind == Value::Kind::bytes;
    for (; !at_end() && tokens_[at_].kind == Token::Kind::constant; ++at_) {
      if (!string || tokens_[at_].value.kind != node.value.kind) return false;
      node.value.text += tokens_[at_].value.text;
    }
    return true;
  }
  if (token.kind == Token::Kind::name) {
    if (is_keyword(token.text)) return false;
    ++at_;
    if (token.text == "True" || token.text == "False")
      node.value = make_boolean(token.text == "True");
    else if (token.text != "None")
      node = {.kind = Kind::name, .text = token.text};
    return true;
  }
  if (take("(")) return read_parentheses(node);
  if (take("[")) return read_list(node);
  return take("{") && read_braces(node);
}

bool ExpressionReader::read_parentheses(Node& node) {
  node = {.kind = Kind::tuple};
  if (take(")")) return true;
  Node first;
  if (!read_one(first)) return false;
  if (take(")")) {
    node = std::move(first);
    return true;
  }
  node.children.push_back(std::move(first));
  while (take(",")) {
    if (take(")")) return true;
    if (!read_one(node.children.emplace_back())) return false;
  }
  return take(")");
}

bool ExpressionReader::read_list(Node& node) {
  node = {.kind = Kind::list};
  while (!take("]")) {
    Node item;
    if (!read_one(item)) return false;
    if (node.children.empty() && peek("for")) {
      Node comprehension;
      if (!read_comprehension(item, comprehension)) return false;
      comprehension.value.kind = Value::Kind::list;
      node = std::move(comprehension);
      return take("]");
    }
    node.children.push_back(std::move(item));
    if (take(",")) continue;
    return take("]");
  }
  return true;
}

bool ExpressionReader::read_braces(Node& node) {
  node = {.kind = Kind::dict};
  if (take("}")) return true;
  for (bool first = true; first || !peek("}"); first = false) {
    if (!read_one(node.children.emplace_back())) return false;
    const bool pair = take(":");
    if (first) node.kind = pair ? Kind::dict : Kind::set;
    if (pair != (node.kind == Kind::dict)) return false;
    if (pair && !read_one(node.children.emplace_back())) return false;
    if (!take(",")) break;
  }
  return take("}");
}

}  // namespace cohort::judge
