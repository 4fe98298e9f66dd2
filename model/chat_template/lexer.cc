#include "model/chat_template/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/base/error.h"
#include "model/chat_template/code_points.h"
#include "model/chat_template/number_text.h"

namespace cohort::chat {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) {
  return is_ascii_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// \r\n and \r are \n, and the last one is dropped.
std::string with_plain_newlines(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r')
      out += source[i];
    else if (i + 1 == source.size() || source[i + 1] != '\n')
      out += '\n';
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

class Lexer {
 public:
  Lexer(std::string_view source, const std::string& file)
      : source_(with_plain_newlines(source)), text_(source_), file_(file) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) data();
    add(Token::Kind::kEnd);
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    fail_at(file_, line_at(at_), message);
  }

  int line_at(size_t at) const {
    // Tokens come in order: count on from the last one.
    counted_line_ += static_cast<int>(
        std::count(text_.begin() + counted_to_, text_.begin() + std::max(at, counted_to_), '\n'));
    counted_to_ = std::max(at, counted_to_);
    return counted_line_;
  }

  void add(Token::Kind kind, std::string text = {}) {
    tokens_.push_back({kind, line_at(at_), std::move(text), {}});
  }

  bool starts(size_t at, std::string_view what) const {
    return text_.compare(at, what.size(), what) == 0;
  }

  size_t skip_space(size_t at) const {
    return text_.size() - strip_space_left(text_.substr(at)).size();
  }

  // The sign of whitespace control at `at`, which moves past it.
  char take_sign(size_t& at) const {
    return at < text_.size() && (text_[at] == '-' || text_[at] == '+') ? text_[at++] : '\0';
  }

  void add_data(std::string_view data, char sign, bool may_strip_line) {
    if (sign == '-') {
      data = strip_space_right(data);
    } else if (sign == '\0' && may_strip_line) {
      const size_t line = data.rfind('\n') + 1;
      if ((line > 0 || line_starting_) && strip_space_left(data.substr(line)).empty())
        data = data.substr(0, line);
    }
    if (!data.empty()) add(Token::Kind::kData, std::string(data));
  }

  // Moves past the end of a tag; the text before decides how the next data begins.
  void move_to(size_t at) {
    at_ = at;
    line_starting_ = at > 0 && text_[at - 1] == '\n';
  }

  // The end of a block or comment tag at `at`: `-%}` with the space behind it, `+%}`, or `%}` with
  // one newline. kNone where there is none.
  size_t tag_end(size_t at, std::string_view close) const {
    if (at < text_.size() && text_[at] == '-' && starts(at + 1, close))
      return skip_space(at + 1 + close.size());
    if (at < text_.size() && text_[at] == '+' && starts(at + 1, close))
      return at + 1 + close.size();
    if (!starts(at, close)) return kNone;
    at += close.size();
    return at < text_.size() && text_[at] == '\n' ? at + 1 : at;
  }

  void data() {
    size_t open = at_;
    for (;; ++open) {
      open = text_.find('{', open);
      if (open == kNone || open + 1 >= text_.size()) {
        add_data(text_.substr(at_), '+', false);
        at_ = text_.size();
        return;
      }
      if (text_[open + 1] == '%' || text_[open + 1] == '{' || text_[open + 1] == '#') break;
    }
    const char kind = text_[open + 1];
    size_t inside = open + 2;
    const char sign = take_sign(inside);
    const std::string_view before = text_.substr(at_, open - at_);
    if (const size_t raw = kind == '%' ? raw_begin(inside) : kNone; raw != kNone) {
      add_data(before, sign, true);
      move_to(raw);
      return raw_block();
    }
    add_data(before, sign, kind != '{');
    move_to(inside);
    if (kind == '#') return comment();
    add(kind == '%' ? Token::Kind::kBlockBegin : Token::Kind::kVariableBegin);
    tag(kind == '%');
  }

  // Behind `raw %}`, when that follows.
  size_t raw_begin(size_t at) const {
    at = skip_space(at);
    if (!starts(at, "raw")) return kNone;
    at = skip_space(at + 3);
    if (starts(at, "-%}")) return skip_space(at + 3);
    return starts(at, "%}") ? at + 2 : kNone;
  }

  void raw_block() {
    for (size_t open = text_.find("{%", at_); open != kNone; open = text_.find("{%", open + 1)) {
      size_t at = open + 2;
      const char sign = take_sign(at);
      at = skip_space(at);
      if (!starts(at, "endraw")) continue;
      const size_t end = tag_end(skip_space(at + 6), "%}");
      if (end == kNone) continue;
      add_data(text_.substr(at_, open - at_), sign, true);
      return move_to(end);
    }
    if (at_ < text_.size()) fail("missing end of raw");
  }

  void comment() {
    // The sign belongs to the end of the tag when it stands right before it.
    if (const size_t close = text_.find("#}", at_); close != kNone) {
      const bool signed_end = close > at_ && (text_[close - 1] == '-' || text_[close - 1] == '+');
      return move_to(tag_end(signed_end ? close - 1 : close, "#}"));
    }
    if (at_ < text_.size()) fail("missing end of comment");
  }

  void tag(bool block) {
    std::string brackets;
    while (true) {
      if (brackets.empty()) {
        const size_t end = block ? tag_end(at_, "%}") : variable_end();
        if (end != kNone) {
          add(block ? Token::Kind::kBlockEnd : Token::Kind::kVariableEnd);
          return move_to(end);
        }
      }
      if (at_ >= text_.size()) return;  // the parser says what is missing
      token(brackets);
    }
  }

  size_t variable_end() const {
    if (starts(at_, "-}}")) return skip_space(at_ + 3);
    return starts(at_, "}}") ? at_ + 2 : kNone;
  }

  void token(std::string& brackets) {
    if (const size_t end = skip_space(at_); end != at_) {
      at_ = end;
    } else if (const size_t end = float_end(); end != kNone) {
      number(end, true);
    } else if (is_ascii_digit(text_[at_])) {
      number(integer_end(), false);
    } else if (is_name_part(text_[at_])) {
      size_t end = at_;
      while (end < text_.size() && is_name_part(text_[end])) ++end;
      check_name_end(end);
      add(Token::Kind::kName, std::string(text_.substr(at_, end - at_)));
      at_ = end;
    } else if (text_[at_] == '\'' || text_[at_] == '"') {
      literal();
    } else {
      operation(brackets);
    }
  }

  void check_name_end(size_t end) const {
    if (end < text_.size() && static_cast<unsigned char>(text_[end]) >= 0x80) {
      size_t at = end;
      if (!is_space(next_code_point(text_, at))) fail("names beyond ASCII are not supported");
    }
  }

  // (\d+_)*\d+ at `at`; kNone where there is none.
  size_t digits_end(size_t at) const {
    size_t end = kNone;
    while (at < text_.size() && is_ascii_digit(text_[at])) {
      while (at < text_.size() && is_ascii_digit(text_[at])) ++at;
      end = at;
      if (at < text_.size() && text_[at] == '_') ++at;
    }
    return end;
  }

  size_t exponent_end(size_t at) const {
    if (at >= text_.size() || (text_[at] != 'e' && text_[at] != 'E')) return kNone;
    ++at;
    if (at < text_.size() && (text_[at] == '-' || text_[at] == '+')) ++at;
    return digits_end(at);
  }

  size_t float_end() const {
    if (at_ > 0 && text_[at_ - 1] == '.') return kNone;
    const size_t whole = digits_end(at_);
    if (whole == kNone) return kNone;
    const size_t fraction =
        whole < text_.size() && text_[whole] == '.' ? digits_end(whole + 1) : kNone;
    const size_t exponent = exponent_end(fraction == kNone ? whole : fraction);
    return exponent != kNone ? exponent : fraction;
  }

  size_t integer_end() const {
    size_t at = at_;
    const auto run = [&](auto&& is_digit) {
      while (at < text_.size()) {
        const size_t next = text_[at] == '_' ? at + 1 : at;
        if (next >= text_.size() || !is_digit(text_[next])) break;
        at = next + 1;
      }
    };
    if (text_[at] != '0') {
      run(is_ascii_digit);
      return at;
    }
    const char kind = at + 1 < text_.size() ? static_cast<char>(text_[at + 1] | 0x20) : '\0';
    at += 2;
    if (kind == 'b') run([](char c) { return c == '0' || c == '1'; });
    if (kind == 'o') run([](char c) { return c >= '0' && c <= '7'; });
    if (kind == 'x') run([](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
    if ((kind == 'b' || kind == 'o' || kind == 'x') && at > at_ + 2) return at;
    at = at_ + 1;
    run([](char c) { return c == '0'; });
    return at;
  }

  void number(size_t end, bool real) {
    std::string digits(text_.substr(at_, end - at_));
    std::erase(digits, '_');
    add(Token::Kind::kNumber, digits);
    try {
      tokens_.back().number = real ? Value::real(std::strtod(digits.c_str(), nullptr))
                                   : Value::integer(parse_int(digits, 0).value());
    } catch (const Fault& fault) {
      fail(fault.what());
    }
    at_ = end;
  }

  void literal() {
    const char quote = text_[at_];
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) fail("a string without its end");
    std::string value;
    try {
      value = unescape_literal(text_.substr(at_ + 1, end - at_ - 1));
    } catch (const Fault& fault) {
      fail(fault.what());
    }
    add(Token::Kind::kText, std::move(value));
    at_ = end + 1;
  }

  void operation(std::string& brackets) {
    constexpr std::array<std::string_view, 6> kTwo = {"//", "**", "==", "!=", ">=", "<="};
    constexpr std::string_view kOne = "+-/*%~[](){}><=.:|,;";
    for (const std::string_view two : kTwo)
      if (starts(at_, two)) {
        add(Token::Kind::kOperator, std::string(two));
        at_ += 2;
        return;
      }
    const char c = text_[at_];
    if (kOne.find(c) == kNone) {
      size_t end = at_;
      next_code_point(text_, end);
      fail(fmt::format("unexpected character '{}'", text_.substr(at_, end - at_)));
    }
    if (c == '(' || c == '[' || c == '{') brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (brackets.empty()) fail(fmt::format("unexpected '{}'", c));
      if (brackets.back() != c)
        fail(fmt::format("unexpected '{}', expected '{}'", c, brackets.back()));
      brackets.pop_back();
    }
    add(Token::Kind::kOperator, std::string(1, c));
    ++at_;
  }

  std::string source_;
  std::string_view text_;
  const std::string& file_;
  size_t at_ = 0;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
  mutable size_t counted_to_ = 0;
  mutable int counted_line_ = 1;
};

}  // namespace

void fail_at(const std::string& file, int line, const std::string& message) {
  throw_error<InputError>("{}:{}: {}", file, line, message);
}

std::vector<Token> tokenize(std::string_view source, const std::string& file) {
  if (!is_valid_utf8(source)) throw_error<InputError>("{}: not UTF-8", file);
  return Lexer(source, file).run();
}

}  // namespace cohort::chat
