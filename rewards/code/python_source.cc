#include "rewards/code/python_source.h"

#include <algorithm>
#include <array>

#include "rewards/code/python_scan.h"

namespace cohort::judge {

namespace {

constexpr std::array<std::string_view, 9> kLongMarks = {
    "**", "//", "==", "!=", "<=", ">=", "->", "+=", "-="};

class LineReader {
 public:
  explicit LineReader(std::string_view source) : source_(source) {}

  bool read(std::vector<SourceLine>& lines) {
    while (at_ < source_.size()) {
      SourceLine line;
      for (; at_ < source_.size() && (source_[at_] == ' ' || source_[at_] == '\t'); ++at_)
        line.indent += source_[at_] == '\t' ? 8 - line.indent % 8 : 1;
      if (!read_line(line.tokens)) return false;
      if (!line.tokens.empty()) lines.push_back(std::move(line));
    }
    return true;
  }

 private:
  // Up to the end of the statement.
  bool read_line(std::vector<Token>& tokens) {
    int open = 0;
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == '\n') {
        ++at_;
        if (open == 0) return true;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
        ++at_;
      } else if (c == '#') {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else if (c == '\\') {
        const size_t next = source_.find_first_not_of('\r', at_ + 1);
        if (next == std::string_view::npos || source_[next] != '\n') return false;
        at_ = next + 1;
      } else if (!read_token(tokens.emplace_back())) {
        return false;
      } else if (const Token& token = tokens.back(); token.kind == Token::Kind::mark) {
        if (token.text == "(" || token.text == "[" || token.text == "{") ++open;
        if (token.text == ")" || token.text == "]" || token.text == "}") --open;
        if (open < 0) return false;
      }
    }
    return open == 0;
  }

  bool read_token(Token& token) {
    const char c = source_[at_];
    const bool number =
        is_digit(c) || (c == '.' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]));
    if (number || starts_string(source_, at_)) {
      token.kind = Token::Kind::constant;
      return number ? scan_number(source_, at_, token.value)
                    : scan_string(source_, at_, token.value);
    }
    if (is_name_char(c)) {
      token.kind = Token::Kind::name;
      while (at_ < source_.size() && is_name_char(source_[at_])) token.text += source_[at_++];
      // A string with a prefix that makes no plain literal: f"...".
      return at_ == source_.size() || (source_[at_] != '"' && source_[at_] != '\'');
    }
    for (const std::string_view mark : kLongMarks)
      if (source_.substr(at_).starts_with(mark)) {
        token.text = mark;
        at_ += mark.size();
        return true;
      }
    token.text = c;
    ++at_;
    return std::string_view("()[]{},:.;+-*/%<>=@").find(c) != std::string_view::npos;
  }

  const std::string_view source_;
  size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<SourceLine>> read_lines(std::string_view source) {
  std::vector<SourceLine> lines;
  if (!LineReader(source).read(lines)) return std::nullopt;
  return lines;
}

bool same_tree(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.text != b.text || a.children.size() != b.children.size()) return false;
  if (a.kind == Node::Kind::constant &&
      (a.value.kind != b.value.kind || !equal_values(a.value, b.value)))
    return false;
  for (size_t i = 0; i < a.children.size(); ++i)
    if (!same_tree(a.children[i], b.children[i])) return false;
  return true;
}

}  // namespace cohort::judge
