#include "rewards/code/humaneval.h"

#include <cmath>

#include "rewards/code/python_fold.h"
#include "rewards/code/python_literal.h"

namespace cohort::judge {

namespace {

constexpr size_t kMaxTests = 10'000, kMaxStatements = 100'000;

using Lines = std::vector<SourceLine>;

bool is_name(const Token& token, std::string_view text) {
  return token.kind == Token::Kind::name && token.text == text;
}
bool is_mark(const Token& token, std::string_view text) {
  return token.kind == Token::Kind::mark && token.text == text;
}

class Converter {
 public:
  Converter(std::string_view entry_point, ConvertedAsserts& out)
      : entry_point_(entry_point), out_(out) {}

  // The lines [first, last) of one body; false at the first that is not plain.
  bool convert(const Lines& lines, size_t first, size_t last) {
    for (size_t i = first; i < last;) {
      const size_t end = block_end(lines, i, last);
      if (++statements_ > kMaxStatements || !convert_statement(lines, i, end)) {
        if (out_.not_plain.empty()) out_.not_plain = describe(lines[i]);
        return false;
      }
      i = end;
    }
    return true;
  }

 private:
  // Behind the statement and, for a compound one, its body.
  static size_t block_end(const Lines& lines, size_t i, size_t last) {
    size_t end = i + 1;
    while (end < last && lines[end].indent > lines[i].indent) ++end;
    return end;
  }

  static std::string describe(const SourceLine& line) {
    std::string text;
    for (const Token& token : line.tokens) {
      if (text.size() > 60) return text + "...";
      if (!text.empty()) text += ' ';
      const bool constant = token.kind == Token::Kind::constant;
      text += constant ? to_literal(token.value) : token.text;
    }
    return text;
  }

  bool convert_statement(const Lines& lines, size_t i, size_t end) {
    const std::vector<Token>& tokens = lines[i].tokens;
    const bool compound = end > i + 1;
    if (is_name(tokens[0], "def")) return compound && convert_check(lines, i, end);
    if (is_name(tokens[0], "for")) return compound && convert_loop(lines, i, end);
    if (compound) return false;
    if (is_name(tokens[0], "assert")) return convert_assert(tokens);
    // Where an imported name is used, that statement is not plain.
    if (is_name(tokens[0], "import") || is_name(tokens[0], "from")) return true;
    if (is_name(tokens[0], "pass") && tokens.size() == 1) return true;
    if (tokens.size() > 2 && tokens[0].kind == Token::Kind::name && is_mark(tokens[1], "="))
      return convert_assignment(tokens);
    return has_no_effect(tokens);
  }

  // A name or a constant by itself, or the call of check at the end of the file.
  bool has_no_effect(const std::vector<Token>& tokens) const {
    ExpressionReader reader(tokens, 0);
    Node node;
    if (!reader.read(node) || !reader.at_end()) return false;
    if (node.kind == Node::Kind::name || node.kind == Node::Kind::constant) return true;
    return node.kind == Node::Kind::call && node.children.size() == 2 &&
           node.children[0].kind == Node::Kind::name && node.children[0].text == "check" &&
           node.children[1].kind == Node::Kind::name && node.children[1].text == entry_point_;
  }

  // def check(NAME):
  bool convert_check(const Lines& lines, size_t i, size_t end) {
    const std::vector<Token>& t = lines[i].tokens;
    if (t.size() != 6 || !is_name(t[1], "check") || !is_mark(t[2], "(") ||
        t[3].kind != Token::Kind::name || !is_mark(t[4], ")") || !is_mark(t[5], ":") ||
        !candidate_.empty())
      return false;
    candidate_ = t[3].text;
    return convert(lines, i + 1, end);
  }

  // for NAME in CONSTANT:
  bool convert_loop(const Lines& lines, size_t i, size_t end) {
    const std::vector<Token>& tokens = lines[i].tokens;
    if (tokens.size() < 5 || tokens[1].kind != Token::Kind::name || !is_name(tokens[2], "in"))
      return false;
    ExpressionReader reader(tokens, 3);
    Node through;
    if (!reader.read(through) || !reader.take(":") || !reader.at_end()) return false;
    const std::optional<Value> values = folder_.fold(through);
    if (!values || (values->kind != Value::Kind::list && values->kind != Value::Kind::tuple))
      return false;
    for (const Value& value : values->items) {
      folder_.assign(tokens[1].text, value);
      if (!convert(lines, i + 1, end)) return false;
    }
    return true;
  }

  // NAME = CONSTANT
  bool convert_assignment(const std::vector<Token>& tokens) {
    ExpressionReader reader(tokens, 2);
    Node node;
    if (tokens[0].text == candidate_ || tokens[0].text == entry_point_ || !reader.read(node) ||
        !reader.at_end())
      return false;
    std::optional<Value> value = folder_.fold(node);
    if (!value) return false;
    folder_.assign(tokens[0].text, std::move(*value));
    return true;
  }

  // assert EXPRESSION [, MESSAGE]
  bool convert_assert(const std::vector<Token>& tokens) {
    ExpressionReader reader(tokens, 1);
    Node claim;
    // The message is no part of the claim.
    if (!reader.read_one(claim) || !(reader.at_end() || reader.take(","))) return false;
    if (candidate_.empty() || out_.tests.size() >= kMaxTests) return false;
    if (const std::optional<Value> constant = folder_.fold(claim)) return truthy(*constant);
    return convert_claim(claim);
  }

  bool convert_claim(const Node& claim) {
    Expected expected;
    if (is_call(claim)) {
      expected.form = Expected::Form::truthy;
      return add(claim, std::move(expected));
    }
    if (claim.kind == Node::Kind::unary && claim.text == "not" && is_call(claim.children[0])) {
      expected.form = Expected::Form::falsy;
      return add(claim.children[0], std::move(expected));
    }
    if (claim.kind != Node::Kind::compare) return false;
    const Node& left = claim.children[0];
    const Node& right = claim.children[1];
    if (claim.text == "==") return convert_equal(left, right) || convert_equal(right, left);
    if (claim.text == "is") return convert_identity(left, right);
    if (claim.text == "<" || claim.text == "<=")
      return convert_tolerance(left, right, claim.text == "<");
    return false;
  }

  // candidate(...) == CONSTANT, and tuple(candidate(...)) == tuple(...)
  bool convert_equal(const Node& left, const Node& right) {
    Expected expected;
    const Node* call = &left;
    if (const Node* inside = sequence_of(left)) {
      call = inside;
      expected.form = Expected::Form::sequence;
    }
    if (!is_call(*call)) return false;
    if (same_claim(left, right)) {
      // Both sides call the program alike: only that it can be called is asked.
      expected.form = Expected::Form::any;
      return add(*call, std::move(expected));
    }
    std::optional<Value> value = folder_.fold(right);
    if (!value) return false;
    if (expected.form == Expected::Form::sequence) {
      const bool tuple = left.children[0].text == "tuple";
      if (value->kind != (tuple ? Value::Kind::tuple : Value::Kind::list)) return false;
    }
    expected.value = std::move(*value);
    return add(*call, std::move(expected));
  }

  // candidate(...) is True
  bool convert_identity(const Node& left, const Node& right) {
    if (!is_call(left)) return false;
    std::optional<Value> value = folder_.fold(right);
    if (!value || (value->kind != Value::Kind::boolean && value->kind != Value::Kind::none))
      return false;
    return add(left, {.value = std::move(*value)});
  }

  // abs(candidate(...) - CONSTANT) < CONSTANT
  bool convert_tolerance(const Node& distance, const Node& bound, bool strict) {
    if (distance.kind != Node::Kind::call || distance.children.size() != 2 ||
        !is_abs(distance.children[0]))
      return false;
    const Node& difference = distance.children[1];
    if (difference.kind != Node::Kind::binary || difference.text != "-") return false;
    const size_t side = is_call(difference.children[0]) ? 0 : 1;
    const std::optional<Value> center = as_real(difference.children[1 - side]);
    const std::optional<Value> radius = as_real(bound);
    if (!is_call(difference.children[side]) || !center || !radius || radius->real <= 0)
      return false;
    Expected expected{.value = *center};
    expected.rules.tolerance.absolute = strict ? std::nextafter(radius->real, 0.0) : radius->real;
    return add(difference.children[side], std::move(expected));
  }

  std::optional<Value> as_real(const Node& node) {
    std::optional<Value> value = folder_.fold(node);
    int64_t whole = 0;
    if (value && to_int64(*value, whole)) return make_real(static_cast<double>(whole));
    if (value && value->kind == Value::Kind::real && std::isfinite(value->real)) return value;
    return std::nullopt;
  }

  bool is_candidate(const Node& node) const {
    return node.kind == Node::Kind::name && (node.text == candidate_ || node.text == entry_point_);
  }
  bool is_call(const Node& node) const {
    return node.kind == Node::Kind::call && is_candidate(node.children[0]);
  }
  bool is_abs(const Node& node) const {
    if (node.kind == Node::Kind::name) return node.text == "abs" && !folder_.knows("abs");
    return node.kind == Node::Kind::attribute && node.text == "fabs" &&
           node.children[0].kind == Node::Kind::name && node.children[0].text == "math";
  }
  // What stands in tuple(...) or list(...).
  const Node* sequence_of(const Node& node) const {
    if (node.kind != Node::Kind::call || node.children.size() != 2) return nullptr;
    const Node& function = node.children[0];
    const bool converts = function.kind == Node::Kind::name && !folder_.knows(function.text) &&
                          (function.text == "tuple" || function.text == "list");
    return converts ? &node.children[1] : nullptr;
  }
  // The same tree, the two names of the program being one.
  bool same_claim(const Node& a, const Node& b) const {
    if (is_candidate(a) && is_candidate(b)) return true;
    if (a.children.empty() || a.kind != b.kind || a.text != b.text ||
        a.children.size() != b.children.size())
      return same_tree(a, b);
    for (size_t i = 0; i < a.children.size(); ++i)
      if (!same_claim(a.children[i], b.children[i])) return false;
    return true;
  }

  bool add(const Node& call, Expected expected) {
    Value arguments{.kind = Value::Kind::tuple};
    for (size_t i = 1; i < call.children.size(); ++i) {
      std::optional<Value> argument = folder_.fold(call.children[i]);
      if (!argument) return false;
      arguments.items.push_back(std::move(*argument));
    }
    out_.tests.push_back({to_literal(arguments), std::move(expected)});
    return true;
  }

  const std::string entry_point_;
  ConvertedAsserts& out_;
  std::string candidate_;
  size_t statements_ = 0;  // followed, each turn of a loop anew
  Folder folder_;
};

}  // namespace

ConvertedAsserts convert_asserts(std::string_view test_source, std::string_view entry_point) {
  ConvertedAsserts out;
  const std::optional<Lines> lines = read_lines(test_source);
  if (!lines) {
    out.not_plain = "a statement that is not read";
    return out;
  }
  Converter converter(entry_point, out);
  converter.convert(*lines, 0, lines->size());
  if (out.plain() && out.tests.empty()) out.not_plain = "no assert";
  if (!out.plain()) out.tests.clear();
  return out;
}

}  // namespace cohort::judge
