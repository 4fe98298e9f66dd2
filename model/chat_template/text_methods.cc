// Methods of str.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/chat_template/attributes.h"
#include "model/chat_template/code_points.h"
#include "model/chat_template/compare.h"
#include "model/chat_template/string_format.h"
#include "model/chat_template/text_edit.h"
#include "model/chat_template/text_search.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {
namespace {

using In = const Arguments&;
using Self = const Value&;

// A result of the same kind: a method of a Markup gives a Markup.
Value like(Interpreter& in, Self self, std::string text) {
  return in.heap().text(std::move(text), self.get<Text>().markup);
}

template <std::string (*Map)(std::string_view)>
Value mapped(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "this method of str", 0, 0);
  return like(in, self, Map(self.bytes()));
}

// What may go into a text as it is: a Markup takes others escaped.
std::string inserted(Interpreter& in, Self self, const Value& text) {
  expect_text(text, "this method of str");
  return self.get<Text>().markup ? escaped(in.heap(), text).bytes() : text.bytes();
}

template <bool Left, bool Right>
Value stripped(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "strip()", 0, 1);
  std::string_view text = self.bytes();
  if (arguments.positional.empty() || arguments.positional[0].is(Kind::kNone)) {
    if (Left) text = strip_space_left(text);
    if (Right) text = strip_space_right(text);
  } else {
    const std::string& set = expect_text(arguments.positional[0], "strip()");
    in.heap().step(static_cast<int64_t>(set.size() / 16 * (1 + text.size() / 16)));
    if (Left) text = strip_left(text, set);
    if (Right) text = strip_right(text, set);
  }
  return like(in, self, std::string(text));
}

Value list_like(Interpreter& in, Self self, const std::vector<std::string_view>& parts) {
  std::vector<Value> out;
  for (const std::string_view part : parts) out.push_back(like(in, self, std::string(part)));
  return in.heap().list(std::move(out));
}

template <bool Right>
Value split(Interpreter& in, Self self, In arguments) {
  const Bound bound(arguments, "split()", {"sep", "maxsplit"});
  const int64_t limit = bound.integer(1, -1);
  const std::string_view text = self.bytes();
  if (!bound.has(0) || bound.at(0).is(Kind::kNone))
    return list_like(in, self, Right ? rsplit_words(text, limit) : split_words(text, limit));
  const std::string& separator = expect_text(bound.at(0), "split()");
  if (separator.empty()) throw Fault("empty separator");
  return list_like(in, self,
                   Right ? rsplit_at(text, separator, limit) : split_at(text, separator, limit));
}

Value split_into_lines(Interpreter& in, Self self, In arguments) {
  const Bound bound(arguments, "splitlines()", {"keepends"});
  if (bound.has(0)) index_of(bound.at(0));
  return list_like(in, self, split_lines(self.bytes(), bound.truth(0, false)));
}

// text[start:end] for the methods that take both; false when it begins beyond the end.
bool window(Self self, In arguments, size_t from, std::string_view& text, int64_t& start) {
  const int64_t length = self.get<Text>().length;
  const auto bound = [&](size_t index, int64_t otherwise) {
    if (arguments.positional.size() <= index || arguments.positional[index].is(Kind::kNone))
      return otherwise;
    const int64_t at = index_of(arguments.positional[index]);
    return at < 0 ? std::max<int64_t>(at + length, 0) : at;
  };
  start = bound(from, 0);
  const int64_t end = std::min(bound(from + 1, length), length);
  if (start > end) return false;
  const size_t begin = byte_offset(self.bytes(), start);
  text = std::string_view(self.bytes()).substr(begin);
  text = text.substr(0, end == length ? text.size() : byte_offset(text, end - start));
  return true;
}

template <bool End>
Value has_affix(Interpreter&, Self self, In arguments) {
  const char* name = End ? "endswith()" : "startswith()";
  expect_positional(arguments, name, 1, 3);
  const Value& affix = arguments.positional[0];
  const std::vector<Value> affixes =
      affix.is(Kind::kTuple) ? affix.items() : std::vector<Value>{affix};
  std::string_view text;
  int64_t start = 0;
  const bool inside = window(self, arguments, 1, text, start);
  for (const Value& one : affixes) {
    const std::string& bytes = expect_text(one, name);
    if (inside && (End ? text.ends_with(bytes) : text.starts_with(bytes)))
      return Value::boolean(true);
  }
  return Value::boolean(false);
}

template <bool Right, bool Strict>
Value found_at(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, Strict ? "index()" : "find()", 1, 3);
  const std::string& needle = expect_text(arguments.positional[0], "find()");
  std::string_view text;
  int64_t start = 0;
  size_t at = std::string_view::npos;
  if (window(self, arguments, 1, text, start)) {
    in.heap().read(needle.size());
    at = Right ? rfind_bytes(text, needle) : find_bytes(text, needle, 0);
  }
  if (at == std::string_view::npos) {
    if (Strict) throw Fault("substring not found");
    return Value::integer(-1);
  }
  return Value::integer(start + count_code_points(text.substr(0, at)));
}

Value count(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "count()", 1, 3);
  const std::string& needle = expect_text(arguments.positional[0], "count()");
  std::string_view text;
  int64_t start = 0;
  if (!window(self, arguments, 1, text, start)) return Value::integer(0);
  if (needle.empty()) return Value::integer(count_code_points(text) + 1);
  in.heap().read(needle.size());
  return Value::integer(static_cast<int64_t>(split_at(text, needle, -1).size()) - 1);
}

Value replace(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "replace()", 2, 3);
  const std::string& old = expect_text(arguments.positional[0], "replace()");
  const int64_t limit = arguments.positional.size() > 2 ? index_of(arguments.positional[2]) : -1;
  const std::string with = inserted(in, self, arguments.positional[1]);
  return like(in, self, replaced(in.heap(), self.bytes(), old, with, limit));
}

Value join(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "join()", 1, 1);
  std::string out;
  const auto items = iterate(in.heap(), arguments.positional[0]);
  bool first = true;
  for (Value item; items->next(item); first = false) {
    if (!first) out += self.bytes();
    // Markup's join escapes whatever it is given; str's takes nothing but str.
    out += self.get<Text>().markup ? escaped(in.heap(), item).bytes() : expect_text(item, "join()");
    in.heap().allow(static_cast<int64_t>(out.size()));
  }
  return like(in, self, std::move(out));
}

template <bool Right>
Value partition(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "partition()", 1, 1);
  const std::string& separator = expect_text(arguments.positional[0], "partition()");
  if (separator.empty()) throw Fault("empty separator");
  const std::string_view text = self.bytes();
  const size_t at = Right ? rfind_bytes(text, separator) : find_bytes(text, separator, 0);
  const auto part = [&](std::string_view bytes) { return like(in, self, std::string(bytes)); };
  if (at == std::string_view::npos) {
    return Right ? in.heap().tuple({part(""), part(""), part(text)})
                 : in.heap().tuple({part(text), part(""), part("")});
  }
  return in.heap().tuple(
      {part(text.substr(0, at)), part(separator), part(text.substr(at + separator.size()))});
}

template <bool End>
Value without_affix(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "removeprefix()", 1, 1);
  const std::string& affix = expect_text(arguments.positional[0], "removeprefix()");
  std::string_view text = self.bytes();
  if (End ? text.ends_with(affix) : text.starts_with(affix))
    text = End ? text.substr(0, text.size() - affix.size()) : text.substr(affix.size());
  return like(in, self, std::string(text));
}

template <Side To>
Value justify(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "ljust()", 1, 2);
  const std::string fill = arguments.positional.size() > 1
                               ? inserted(in, self, arguments.positional[1])
                               : std::string(" ");
  if (count_code_points(fill) != 1)
    throw Fault("the fill character must be exactly one character long");
  return like(in, self,
              justified(in.heap(), self.get<Text>(), index_of(arguments.positional[0]), fill, To));
}

Value zfill(Interpreter& in, Self self, In arguments) {
  expect_positional(arguments, "zfill()", 1, 1);
  std::string out =
      justified(in.heap(), self.get<Text>(), index_of(arguments.positional[0]), "0", Side::kRight);
  const size_t zeros = out.size() - self.bytes().size();
  if (zeros > 0 && !self.bytes().empty() && (self.bytes()[0] == '-' || self.bytes()[0] == '+'))
    std::swap(out[0], out[zeros]);
  return like(in, self, std::move(out));
}

template <bool (*Is)(char32_t)>
Value all_are(Interpreter&, Self self, In arguments) {
  expect_positional(arguments, "this method of str", 0, 0);
  const std::string& text = self.bytes();
  bool all = !text.empty();
  for (size_t at = 0; at < text.size() && all;) all = Is(next_code_point(text, at));
  return Value::boolean(all);
}

Value is_ascii(Interpreter&, Self self, In arguments) {
  expect_positional(arguments, "isascii()", 0, 0);
  return Value::boolean(self.get<Text>().is_ascii());
}

Value is_all_printable(Interpreter& in, Self self, In arguments) {
  return self.bytes().empty() ? Value::boolean(true) : all_are<is_printable>(in, self, arguments);
}

template <bool (*Is)(std::string_view)>
Value has_case(Interpreter&, Self self, In arguments) {
  expect_positional(arguments, "this method of str", 0, 0);
  return Value::boolean(Is(self.bytes()));
}

Value format(Interpreter& in, Self self, In arguments) {
  if (self.get<Text>().markup) throw Fault("format() of a Markup is not supported");
  return brace_format(in.heap(), self, arguments);
}

constexpr std::array<MethodEntry, 47> kMethods = {{
    {"capitalize", mapped<to_capitalized>},
    {"casefold", mapped<to_folded>},
    {"center", justify<Side::kCenter>},
    {"count", count},
    {"encode", nullptr},
    {"endswith", has_affix<true>},
    {"expandtabs", nullptr},
    {"find", found_at<false, false>},
    {"format", format},
    {"format_map", nullptr},
    {"index", found_at<false, true>},
    {"isalnum", all_are<is_alnum>},
    {"isalpha", all_are<is_alpha>},
    {"isascii", is_ascii},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_digit>},
    {"isidentifier", nullptr},
    {"islower", has_case<is_lower_text>},
    {"isnumeric", all_are<is_numeric>},
    {"isprintable", is_all_printable},
    {"isspace", all_are<is_space>},
    {"istitle", nullptr},
    {"isupper", has_case<is_upper_text>},
    {"join", join},
    {"ljust", justify<Side::kLeft>},
    {"lower", mapped<to_lower>},
    {"lstrip", stripped<true, false>},
    {"maketrans", nullptr},
    {"partition", partition<false>},
    {"removeprefix", without_affix<false>},
    {"removesuffix", without_affix<true>},
    {"replace", replace},
    {"rfind", found_at<true, false>},
    {"rindex", found_at<true, true>},
    {"rjust", justify<Side::kRight>},
    {"rpartition", partition<true>},
    {"rsplit", split<true>},
    {"rstrip", stripped<false, true>},
    {"split", split<false>},
    {"splitlines", split_into_lines},
    {"startswith", has_affix<false>},
    {"strip", stripped<true, true>},
    {"swapcase", mapped<to_swapped>},
    {"title", mapped<to_title>},
    {"translate", nullptr},
    {"upper", mapped<to_upper>},
    {"zfill", zfill},
}};

}  // namespace

const MethodEntry* find_text_method(std::string_view name) {
  const auto* at =
      std::lower_bound(kMethods.begin(), kMethods.end(), name,
                       [](const MethodEntry& entry, auto wanted) { return entry.name < wanted; });
  return at != kMethods.end() && at->name == name ? &*at : nullptr;
}

}  // namespace cohort::chat
