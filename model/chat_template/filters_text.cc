// Filters of text, and those of any value.
#include <fmt/format.h>

#include <array>

#include "model/chat_template/attributes.h"
#include "model/chat_template/code_points.h"
#include "model/chat_template/compare.h"
#include "model/chat_template/filters.h"
#include "model/chat_template/json_values.h"
#include "model/chat_template/string_format.h"
#include "model/chat_template/text_edit.h"
#include "model/chat_template/text_search.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {
namespace {

using In = Interpreter&;
using Args = const Arguments&;

Value soft_like(In in, const Value& soft, std::string text) {
  return in.heap().text(std::move(text), soft.get<Text>().markup);
}

// Jinja's own: after a run of space, dashes or opening brackets a word begins.
std::string titled(std::string_view text) {
  std::string out;
  size_t begin = 0;
  const auto add_word = [&](size_t end) {
    if (end == begin) return;
    size_t first = begin;
    next_code_point(text, first);
    out += to_upper(text.substr(begin, first - begin));
    out += to_lower(text.substr(first, end - first));
  };
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    const char32_t c = next_code_point(text, at);
    const bool between = c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || is_space(c);
    if (!between) continue;
    add_word(here);
    out += text.substr(here, at - here);
    begin = at;
  }
  add_word(text.size());
  return out;
}

template <std::string (*Map)(std::string_view)>
Value mapped(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "this filter", 0, 0);
  const Value soft = soft_text(in.heap(), value);
  return soft_like(in, soft, Map(soft.bytes()));
}

// do_title joins its parts with a plain str.
Value title(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "title", 0, 0);
  return in.heap().text(titled(soft_text(in.heap(), value).bytes()));
}

Value trim(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "trim", {"chars"});
  const Value soft = soft_text(in.heap(), value);
  std::string_view text = soft.bytes();
  if (!bound.has(0) || bound.at(0).is(Kind::kNone)) {
    text = strip_space_right(strip_space_left(text));
  } else {
    const std::string& set = expect_text(bound.at(0), "trim");
    in.heap().step(static_cast<int64_t>(set.size() / 16 * (1 + text.size() / 16)));
    text = strip_right(strip_left(text, set), set);
  }
  return soft_like(in, soft, std::string(text));
}

Value replace(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "replace", {"old", "new", "count"}, 2);
  const bool all = !bound.has(2) || bound.at(2).is(Kind::kNone);
  const std::string text = text_of(in.heap(), value);
  const std::string old = text_of(in.heap(), bound.at(0));
  return in.heap().text(replaced(in.heap(), text, old, text_of(in.heap(), bound.at(1)),
                                 all ? -1 : bound.integer(2, -1)));
}

Value string(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "string", 0, 0);
  return soft_text(in.heap(), value);
}

Value safe(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "safe", 0, 0);
  return in.heap().text(text_of(in.heap(), value), /*markup=*/true);
}

Value escape(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "escape", 0, 0);
  return escaped(in.heap(), value);
}

Value format(In in, const Value& value, Args arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty())
    throw Fault("format can't handle positional and keyword arguments at the same time");
  const Value soft = soft_text(in.heap(), value);
  if (arguments.named.empty())
    return percent_format(in.heap(), soft, in.heap().tuple(arguments.positional));
  auto dict = std::make_shared<Dict>();
  for (const auto& [name, item] : arguments.named) dict->set(in.heap(), in.heap().text(name), item);
  return percent_format(in.heap(), soft, in.heap().dict(std::move(dict)));
}

Value center(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "center", {"width"});
  const Value soft = soft_text(in.heap(), value);
  return soft_like(
      in, soft, justified(in.heap(), soft.get<Text>(), bound.integer(0, 80), " ", Side::kCenter));
}

Value indent(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "indent", {"width", "first", "blank"});
  Heap& heap = in.heap();
  use_defined(value);
  const std::string text = expect_text(value, "indent");
  const bool markup = value.get<Text>().markup;
  std::string by(4, ' ');
  if (bound.has(0) && bound.at(0).is(Kind::kText)) {
    if (markup || bound.at(0).get<Text>().markup)
      throw Fault("indent of a Markup by a string is not supported");
    by = bound.at(0).bytes();
  } else if (bound.has(0)) {
    const int64_t width = std::max<int64_t>(bound.integer(0, 4), 0);
    heap.allow(width);
    by.assign(width, ' ');
  }
  const bool blank = bound.truth(2, false);
  std::string out;
  if (bound.truth(1, false)) out += by;
  const std::string closed = text + "\n";
  const auto lines = split_lines(closed, false);
  heap.allow(static_cast<int64_t>(closed.size()));
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i) out += '\n';
    if (i && (blank || !lines[i].empty())) out += by;
    out += lines[i];
    heap.allow(static_cast<int64_t>(out.size()));
  }
  return heap.text(std::move(out), markup);
}

Value default_value(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "default", {"default_value", "boolean"});
  if (!value.is(Kind::kUndefined) && !(bound.truth(1, false) && !is_true(value))) return value;
  return bound.has(0) ? bound.at(0) : in.heap().text("");
}

std::string separator(const Value& pair, size_t index) {
  if (!pair.is_sequence() || pair.items().size() != 2)
    throw Fault("tojson: separators are a pair of str");
  return expect_text(pair.items()[index], "tojson: separators");
}

Value tojson(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "tojson", {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound.truth(0, false);
  style.sort_keys = bound.truth(3, false);
  if (bound.has(1) && !bound.at(1).is(Kind::kNone)) {
    style.has_indent = true;
    style.item_separator.assign(1, ',');
    if (bound.at(1).is(Kind::kText)) {
      style.indent = bound.at(1).bytes();
    } else {
      const int64_t width = std::max<int64_t>(bound.integer(1, 0), 0);
      in.heap().allow(width);
      style.indent.assign(width, ' ');
    }
  }
  if (bound.has(2) && !bound.at(2).is(Kind::kNone)) {
    style.item_separator = separator(bound.at(2), 0);
    style.key_separator = separator(bound.at(2), 1);
  }
  return in.heap().text(to_json(in.heap(), value, style));
}

Value attribute(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "attr", {"name"}, 1);
  const std::string& name = expect_text(bound.at(0), "attr");
  Value out;
  if (find_attribute(in, value, name, out)) return out;
  return Value::undefined(
      fmt::format("'{} object' has no attribute {}", type_name(value), quoted(name)));
}

struct Entry {
  std::string_view name;
  Filter filter;
};
constexpr std::array<Entry, 17> kFilters = {{{"attr", attribute},
                                             {"capitalize", mapped<to_capitalized>},
                                             {"center", center},
                                             {"d", default_value},
                                             {"default", default_value},
                                             {"e", escape},
                                             {"escape", escape},
                                             {"format", format},
                                             {"indent", indent},
                                             {"lower", mapped<to_lower>},
                                             {"replace", replace},
                                             {"safe", safe},
                                             {"string", string},
                                             {"title", title},
                                             {"tojson", tojson},
                                             {"trim", trim},
                                             {"upper", mapped<to_upper>}}};

}  // namespace

Filter find_text_filter(std::string_view name) {
  for (const Entry& entry : kFilters)
    if (entry.name == name) return entry.filter;
  return nullptr;
}

}  // namespace cohort::chat
