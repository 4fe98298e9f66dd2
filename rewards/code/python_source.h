// The part of Python in which tests are written, read into a tree: constants, names, arithmetic,
// comparisons, calls and displays. Bounded and never evaluated here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/code/python_value.h"

namespace cohort::judge {

struct Token {
  enum class Kind : uint8_t { name, constant, mark };
  Kind kind = Kind::mark;
  std::string text = {};  // of a name or mark
  Value value = {};       // of a number or string
};

// A statement's tokens; lines inside brackets, triple quotes or after a backslash are joined, and
// comments are gone. A compound statement's body is what follows with a larger indent.
struct SourceLine {
  size_t indent = 0;
  std::vector<Token> tokens;
};
// Nothing when the text is not of this part of Python.
std::optional<std::vector<SourceLine>> read_lines(std::string_view source);

struct Node {
  enum class Kind : uint8_t {
    constant,       // value
    name,           // text
    unary,          // text: - + not
    binary,         // text: + - * / // % **
    compare,        // text: == != < <= > >= is, "is not", in, "not in"
    logic,          // text: and, or
    call,           // the function, then its arguments
    attribute,      // of the child, text
    list,           //
    tuple,          //
    set,            //
    dict,           // keys and values in turn
    comprehension,  // the element, what is gone through, the conditions; text: the variable
  };
  Kind kind = Kind::constant;
  std::string text = {};
  Value value = {};
  std::vector<Node> children = {};
};

bool same_tree(const Node& a, const Node& b);

// Reads expressions from a line's tokens.
class ExpressionReader {
 public:
  ExpressionReader(const std::vector<Token>& tokens, size_t at) : tokens_(tokens), at_(at) {}
  // A full expression, `a, b` being a tuple; false when there is none.
  bool read(Node& node);
  bool read_one(Node& node);         // without the tuple
  bool take(std::string_view text);  // a mark or a word
  bool at_end() const { return at_ == tokens_.size(); }

 private:
  bool peek(std::string_view text) const;
  bool join(Node& node, Node::Kind kind, std::string_view text, Node right);
  bool read_logic(Node& node, std::string_view word);
  bool read_not(Node& node);
  bool read_comparison(Node& node);
  bool read_sum(Node& node);
  bool read_product(Node& node);
  bool read_factor(Node& node);
  bool read_postfix(Node& node);
  bool read_atom(Node& node);
  bool read_parentheses(Node& node);
  bool read_list(Node& node);
  bool read_braces(Node& node);
  bool read_arguments(Node& call);
  bool read_comprehension(Node& element, Node& node);

  const std::vector<Token>& tokens_;
  size_t at_;
  int depth_ = 0, joins_ = 0;
};

}  // namespace cohort::judge
