#include "model/chat_template/string_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "model/chat_template/code_points.h"
#include "model/chat_template/iterate.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {
namespace {

constexpr int64_t kMaxWidth = 1'000'000;

// "...".format()'s and %'s texts are read once, from the left.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool ended() const { return at_ == text_.size(); }
  char peek() const { return ended() ? '\0' : text_[at_]; }
  char take() { return ended() ? '\0' : text_[at_++]; }
  bool take_if(char c) {
    if (peek() != c || ended()) return false;
    ++at_;
    return true;
  }
  std::string_view until(std::string_view ends) {
    const size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
    const std::string_view out = text_.substr(at_, end - at_);
    at_ = end;
    return out;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// ---- % ----

struct Conversion {
  bool left = false, plus = false, space = false, alternate = false, zero = false;
  int64_t width = 0, precision = -1;
};

class Percent {
 public:
  Percent(Heap& heap, const Value& values) : heap_(heap), values_(values) {
    mapping_ = !values.is(Kind::kTuple) && !values.is(Kind::kText) &&
               (values.is(Kind::kDict) || values.is(Kind::kList) || values.is(Kind::kRange) ||
                values.is(Kind::kUndefined));
  }

  std::string run(std::string_view format) {
    Reader reader(format);
    std::string out;
    while (!reader.ended()) {
      out += reader.until("%");
      if (reader.ended()) break;
      reader.take();
      if (reader.ended()) throw Fault("incomplete format");
      out += one(reader);
      heap_.allow(static_cast<int64_t>(out.size()));
    }
    const size_t given = values_.is(Kind::kTuple) ? values_.items().size() : 1;
    if (!mapping_ && used_ < given)
      throw Fault("not all arguments converted during string formatting");
    return out;
  }

 private:
  Value next() {
    if (keyed_) return *keyed_;
    if (values_.is(Kind::kTuple)) {
      if (used_ >= values_.items().size()) throw Fault("not enough arguments for format string");
      return values_.items()[used_++];
    }
    if (used_++ > 0) throw Fault("not enough arguments for format string");
    return values_;
  }

  int64_t number(Reader& reader) {
    if (reader.take_if('*')) return index_of(next());
    int64_t value = 0;
    while (reader.peek() >= '0' && reader.peek() <= '9') {
      value = value * 10 + (reader.take() - '0');
      if (value > kMaxWidth) throw Fault("a width of more than a million is not supported");
    }
    return value;
  }

  std::string one(Reader& reader) {
    Conversion c;
    keyed_.reset();
    if (reader.take_if('(')) {
      const std::string key(reader.until("()"));
      if (!reader.take_if(')')) throw Fault("this key of a format is not supported");
      if (!values_.is(Kind::kDict)) throw Fault("format requires a mapping");
      const Value* found = values_.get<Dict>().find(key);
      if (!found) throw Fault(fmt::format("KeyError: {}", quoted(key)));
      keyed_ = *found;
    }
    for (;; reader.take()) {
      const char flag = reader.peek();
      if (flag == '-')
        c.left = true;
      else if (flag == '+')
        c.plus = true;
      else if (flag == ' ')
        c.space = true;
      else if (flag == '#')
        c.alternate = true;
      else if (flag == '0')
        c.zero = true;
      else
        break;
    }
    c.width = number(reader);
    if (c.width < 0) {
      c.left = true;
      c.width = c.width < -kMaxWidth ? kMaxWidth + 1 : -c.width;
    }
    if (c.width > kMaxWidth) throw Fault("a width of more than a million is not supported");
    if (reader.take_if('.')) c.precision = std::max<int64_t>(number(reader), 0);
    if (reader.peek() == 'h' || reader.peek() == 'l' || reader.peek() == 'L') reader.take();
    return converted(reader.take(), c);
  }

  std::string converted(char type, const Conversion& c) {
    switch (type) {
      case '%':
        return "%";
      case 's':
        return padded(text_of(heap_, next()), c);
      case 'r':
        return padded(repr_of(heap_, next()), c);
      case 'c':
        return padded(character(next()), c);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return integer(type, next(), c);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return real(type, next(), c);
      default:
        throw Fault(fmt::format("the format %{} is not supported", type ? type : '?'));
    }
  }

  static std::string character(const Value& value) {
    if (value.is(Kind::kText) && value.get<Text>().length == 1) return value.bytes();
    if (!value.is_integral()) throw Fault("%c requires int or char");
    const int64_t c = value.as_integer();
    if (c < 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) throw Fault("%c arg not in range");
    std::string out;
    append_utf8(out, static_cast<char32_t>(c));
    return out;
  }

  static std::string padded(const std::string& text, const Conversion& c) {
    std::string_view cut = text;
    if (c.precision >= 0 && count_code_points(text) > c.precision)
      cut = cut.substr(0, byte_offset(cut, c.precision));
    const int64_t missing = c.width - count_code_points(cut);
    const std::string fill(std::max<int64_t>(missing, 0), ' ');
    return c.left ? std::string(cut) + fill : fill + std::string(cut);
  }

  // A sign, a prefix and digits, filled up to the width with spaces or zeros.
  static std::string aligned(const std::string& sign, std::string digits, const Conversion& c,
                             bool finite = true) {
    const auto size = static_cast<int64_t>(sign.size() + digits.size());
    const std::string fill(std::max<int64_t>(c.width - size, 0),
                           c.zero && !c.left && finite ? '0' : ' ');
    if (c.left) return sign + digits + fill;
    return c.zero && finite ? sign + fill + digits : fill + sign + digits;
  }

  static std::string sign_of(bool negative, const Conversion& c) {
    return negative ? "-" : c.plus ? "+" : c.space ? " " : "";
  }

  static std::string integer(char type, const Value& value, const Conversion& c) {
    use_defined(value);
    const bool decimal = type == 'd' || type == 'i' || type == 'u';
    if (!value.is_integral() && !(decimal && value.is(Kind::kFloat)))
      throw Fault(fmt::format("%{} format: a number is required, not {}", type, type_name(value)));
    int64_t number = value.as_integer();
    if (value.is(Kind::kFloat)) {
      const double whole = std::trunc(value.as_double());
      if (!(std::abs(whole) < 0x1p63))
        throw Fault("a number of more than 64 bits is not supported");
      number = static_cast<int64_t>(whole);
    }
    const uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : number;
    std::string sign = sign_of(number < 0, c);
    if (c.alternate && !decimal) sign += type == 'o' ? "0o" : type == 'x' ? "0x" : "0X";
    std::string digits = type == 'x'   ? fmt::format("{:x}", size)
                         : type == 'X' ? fmt::format("{:X}", size)
                         : type == 'o' ? fmt::format("{:o}", size)
                                       : fmt::format("{}", size);
    if (const auto length = static_cast<int64_t>(digits.size()); length < c.precision)
      digits.insert(0, c.precision - length, '0');
    return aligned(sign, digits, c);
  }

  static std::string real(char type, const Value& value, const Conversion& c) {
    use_defined(value);
    if (!value.is_number())
      throw Fault(fmt::format("must be real number, not {}", type_name(value)));
    const double number = value.as_double();
    const std::string format = std::string(c.alternate ? "%#.*" : "%.*") + type;
    const int precision = static_cast<int>(c.precision < 0 ? 6 : c.precision);
    std::string digits(static_cast<size_t>(precision) + 400, '\0');
    const int size =
        std::snprintf(digits.data(), digits.size(), format.c_str(), precision, std::abs(number));
    digits.resize(size);
    if (std::isnan(number)) digits = type < 'a' ? "NAN" : "nan";
    return aligned(sign_of(std::signbit(number) && !std::isnan(number), c), digits, c);
  }

  Heap& heap_;
  const Value& values_;
  bool mapping_ = false;
  size_t used_ = 0;
  std::optional<Value> keyed_;
};

// ---- {} ----

class Braces {
 public:
  Braces(Heap& heap, const Arguments& arguments) : heap_(heap), arguments_(arguments) {}

  std::string run(std::string_view format) {
    Reader reader(format);
    std::string out;
    while (!reader.ended()) {
      out += reader.until("{}");
      if (reader.ended()) break;
      const char brace = reader.take();
      if (reader.take_if(brace))
        out += brace;
      else if (brace == '}')
        throw Fault("Single '}' encountered in format string");
      else
        out += field(reader);
      heap_.allow(static_cast<int64_t>(out.size()));
    }
    return out;
  }

 private:
  std::string field(Reader& reader) {
    const std::string name(reader.until("{}!:.["));
    char conversion = 's';
    if (reader.take_if('!')) conversion = reader.take();
    if (reader.ended()) throw Fault("expected '}' before end of string");
    if (!reader.take_if('}'))
      throw Fault(fmt::format("this format is not supported: {{{}{}", name, reader.peek()));
    const Value value = find(name);
    if (conversion == 'r') return repr_of(heap_, value);
    if (conversion != 's') throw Fault("this conversion of format() is not supported");
    return text_of(heap_, value);
  }

  Value find(const std::string& name) {
    const bool digits = !name.empty() && std::all_of(name.begin(), name.end(),
                                                     [](char c) { return c >= '0' && c <= '9'; });
    if (name.empty() || digits) {
      if (by_order_ && *by_order_ != name.empty())
        throw Fault("cannot switch between manual field specification and automatic numbering");
      by_order_ = name.empty();
      if (name.size() > 6) throw Fault("replacement index out of range");
      const size_t index = name.empty() ? next_++ : std::stoul(name);
      if (index >= arguments_.positional.size()) throw Fault("replacement index out of range");
      return arguments_.positional[index];
    }
    for (const auto& [key, value] : arguments_.named)
      if (key == name) return value;
    throw Fault(fmt::format("KeyError: {}", quoted(name)));
  }

  Heap& heap_;
  const Arguments& arguments_;
  size_t next_ = 0;
  std::optional<bool> by_order_;
};

}  // namespace

Value percent_format(Heap& heap, const Value& format, const Value& values) {
  if (format.get<Text>().markup) throw Fault("% of a Markup is not supported");
  heap.read(format.bytes().size());
  return heap.text(Percent(heap, values).run(format.bytes()));
}

Value brace_format(Heap& heap, const Value& format, const Arguments& arguments) {
  heap.read(format.bytes().size());
  return heap.text(Braces(heap, arguments).run(format.bytes()));
}

}  // namespace cohort::chat
