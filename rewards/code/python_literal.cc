#include "rewards/code/python_literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "rewards/code/python_scan.h"

namespace cohort::judge {

namespace {

using Kind = Value::Kind;

class LiteralReader {
 public:
  LiteralReader(std::string_view text, const LiteralLimits& limits)
      : text_(text), limits_(limits) {}

  bool whole(Value& value) {
    if (!read(value, 0)) return false;
    if (take(',')) {
      Value tuple{.kind = Kind::tuple};
      tuple.items.push_back(std::move(value));
      while (!at_end()) {
        if (!read(tuple.items.emplace_back(), 1)) return false;
        if (!take(',')) break;
      }
      value = std::move(tuple);
    }
    return at_end();
  }

 private:
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n\f", at_), text_.size()); }
  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    if (const size_t end = at_ + word.size(); end < text_.size() && is_name_char(text_[end]))
      return false;
    at_ += word.size();
    return true;
  }

  bool read(Value& value, int depth) {
    if (depth > limits_.depth || ++nodes_ > limits_.nodes) return false;
    skip_blanks();
    if (at_ >= text_.size()) return false;
    switch (text_[at_]) {
      case '[':
        value.kind = Kind::list;
        return read_items(value, ']', depth);
      case '(':
        return read_parentheses(value, depth);
      case '{':
        return read_braces(value, depth);
      case '+':
      case '-':
        return read_signed(value);
      default:
        break;
    }
    if (starts_string(text_, at_)) return read_strings(value);
    if (is_digit(text_[at_]) || text_[at_] == '.') return scan_number(text_, at_, value);
    return read_name(value);
  }

  bool read_name(Value& value) {
    if (take_word("None")) return true;
    if (take_word("True")) return value = make_boolean(true), true;
    if (take_word("False")) return value = make_boolean(false), true;
    if (take_word("set")) {
      value.kind = Kind::set;
      return take('(') && take(')');
    }
    return take_word("float") && read_float_call(value);
  }

  // float("nan"), float("inf"), float("-inf")
  bool read_float_call(Value& value) {
    Value name;
    if (!take('(')) return false;
    skip_blanks();
    if (!scan_string(text_, at_, name) || name.kind != Kind::text || !take(')')) return false;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (name.text == "nan")
      value = make_real(std::numeric_limits<double>::quiet_NaN());
    else if (name.text == "inf")
      value = make_real(kInfinity);
    else if (name.text == "-inf")
      value = make_real(-kInfinity);
    else
      return false;
    return true;
  }

  bool read_signed(Value& value) {
    const bool negative = text_[at_++] == '-';
    skip_blanks();
    if (at_ >= text_.size()) return false;
    if (take_word("float")) {
      if (!read_float_call(value)) return false;
    } else if (!scan_number(text_, at_, value)) {
      return false;
    }
    if (!negative) return true;
    if (value.kind == Kind::real)
      value.real = -value.real;
    else if (value.text != "0")
      value.text.insert(0, 1, '-');
    return true;
  }

  bool read_strings(Value& value) {
    if (!scan_string(text_, at_, value)) return false;
    for (skip_blanks(); starts_string(text_, at_); skip_blanks()) {
      Value more;
      if (!scan_string(text_, at_, more) || more.kind != value.kind) return false;
      value.text += more.text;
    }
    return true;
  }

  bool read_items(Value& value, char end, int depth) {
    ++at_;
    while (!take(end)) {
      if (!read(value.items.emplace_back(), depth + 1)) return false;
      if (take(',')) continue;
      return take(end);
    }
    return true;
  }

  bool read_parentheses(Value& value, int depth) {
    ++at_;
    value.kind = Kind::tuple;
    bool comma = false;
    while (!take(')')) {
      if (!value.items.empty() && !comma) return false;
      if (!read(value.items.emplace_back(), depth + 1)) return false;
      comma = take(',');
    }
    if (value.items.size() != 1 || comma) return true;
    Value inner = std::move(value.items[0]);
    value = std::move(inner);
    return true;
  }

  bool read_braces(Value& value, int depth) {
    ++at_;
    value.kind = Kind::dict;
    if (take('}')) return true;
    for (bool first = true;; first = false) {
      if (!read(value.items.emplace_back(), depth + 1) || !hashable(value.items.back()))
        return false;
      const bool pair = take(':');
      if (first) value.kind = pair ? Kind::dict : Kind::set;
      if (pair != (value.kind == Kind::dict)) return false;
      if (pair && !read(value.items.emplace_back(), depth + 1)) return false;
      const bool comma = take(',');
      if (take('}')) break;
      if (!comma) return false;
    }
    normalize(value);
    return true;
  }

  static bool hashable(const Value& value) {
    if (value.kind == Kind::list || value.kind == Kind::set || value.kind == Kind::dict)
      return false;
    if (value.kind == Kind::tuple)
      for (const Value& item : value.items)
        if (!hashable(item)) return false;
    return true;
  }

  const std::string_view text_;
  const LiteralLimits limits_;
  size_t at_ = 0, nodes_ = 0;
};

// The code point at `at`, which moves behind it; bytes that are no UTF-8 stand for themselves.
uint32_t next_code(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint32_t lead = byte(at);
  if (lead >= 0xC2 && lead < 0xE0 && tail(at + 1)) {
    at += 2;
    return (lead & 0x1F) << 6 | (byte(at - 1) & 0x3F);
  }
  if (lead >= 0xE0 && lead < 0xF0 && tail(at + 1) && tail(at + 2)) {
    at += 3;
    return (lead & 0x0F) << 12 | (byte(at - 2) & 0x3F) << 6 | (byte(at - 1) & 0x3F);
  }
  if (lead >= 0xF0 && lead < 0xF5 && tail(at + 1) && tail(at + 2) && tail(at + 3)) {
    at += 4;
    return (lead & 0x07) << 18 | (byte(at - 3) & 0x3F) << 12 | (byte(at - 2) & 0x3F) << 6 |
           (byte(at - 1) & 0x3F);
  }
  ++at;
  return lead;
}

void write_quoted(const std::string& content, bool bytes, std::string& out) {
  out += bytes ? "b'" : "'";
  for (size_t at = 0; at < content.size();) {
    const uint32_t code =
        bytes ? static_cast<unsigned char>(content[at++]) : next_code(content, at);
    if (code == '\'' || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (code >= 0x20 && code < 0x7F) {
      out += static_cast<char>(code);
    } else if (code < 0x100) {
      out += fmt::format("\\x{:02x}", code);
    } else if (code < 0x10000) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += fmt::format("\\U{:08x}", code);
    }
  }
  out += '\'';
}

void write_real(double number, std::string& out) {
  if (std::isnan(number)) {
    out += "float(\"nan\")";
    return;
  }
  if (std::isinf(number)) {
    out += number < 0 ? "float(\"-inf\")" : "float(\"inf\")";
    return;
  }
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  out += text;
}

void write(const Value& value, std::string& out);

void write_items(const Value& value, char open, char close, std::string& out) {
  out += open;
  for (size_t i = 0; i < value.items.size(); ++i) {
    if (i) out += value.kind == Kind::dict && i % 2 == 1 ? ": " : ", ";
    write(value.items[i], out);
  }
  if (value.kind == Kind::tuple && value.items.size() == 1) out += ',';
  out += close;
}

void write(const Value& value, std::string& out) {
  switch (value.kind) {
    case Kind::none:
      out += "None";
      break;
    case Kind::boolean:
      out += value.truth ? "True" : "False";
      break;
    case Kind::integer:
      out += value.text;
      break;
    case Kind::real:
      write_real(value.real, out);
      break;
    case Kind::text:
    case Kind::bytes:
      write_quoted(value.text, value.kind == Kind::bytes, out);
      break;
    case Kind::list:
      write_items(value, '[', ']', out);
      break;
    case Kind::tuple:
      write_items(value, '(', ')', out);
      break;
    case Kind::set:
      if (value.items.empty())
        out += "set()";
      else
        write_items(value, '{', '}', out);
      break;
    case Kind::dict:
      write_items(value, '{', '}', out);
      break;
  }
}

}  // namespace

std::optional<Value> parse_literal(std::string_view text, const LiteralLimits& limits) {
  Value value;
  if (!LiteralReader(text, limits).whole(value)) return std::nullopt;
  return value;
}

std::string to_literal(const Value& value) {
  std::string text;
  write(value, text);
  return text;
}

}  // namespace cohort::judge
