// Filters of lists, dicts and what can be iterated over. As in Jinja, some give a generator: it
// works when it is read, and once.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/chat_template/arithmetic.h"
#include "model/chat_template/attributes.h"
#include "model/chat_template/code_points.h"
#include "model/chat_template/compare.h"
#include "model/chat_template/filters.h"
#include "model/chat_template/text_search.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {
namespace {

using In = Interpreter&;
using Args = const Arguments&;

// ---- attribute="a.b.0" ----

using Path = std::vector<Value>;

Path path_of(In in, const Value& attribute) {
  Path out;
  if (attribute.is(Kind::kNone)) return out;
  if (!attribute.is(Kind::kText)) return {attribute};
  for (const std::string_view part : split_at(attribute.bytes(), ".", -1)) {
    const bool digits = !part.empty() && std::all_of(part.begin(), part.end(),
                                                     [](char c) { return c >= '0' && c <= '9'; });
    if (digits && part.size() > 15) throw Fault("an index of more than 15 digits");
    out.push_back(digits ? Value::integer(std::stoll(std::string(part)))
                         : in.heap().text(std::string(part)));
  }
  return out;
}

Value follow(In in, const Path& path, Value item, const Value& otherwise = Value::none()) {
  for (const Value& part : path) {
    item = get_item(in, item, part);
    if (!otherwise.is(Kind::kNone) && item.is(Kind::kUndefined)) item = otherwise;
  }
  return item;
}

Value without_case(In in, const Value& value) {
  if (!value.is(Kind::kText)) return value;
  return in.heap().text(to_lower(value.bytes()), value.get<Text>().markup);
}

// What sort, unique, min and max go by.
class Key {
 public:
  Key(In in, const Value& attribute, bool case_sensitive)
      : in_(in), path_(path_of(in, attribute)), case_sensitive_(case_sensitive) {}
  Value operator()(const Value& item) const {
    const Value value = follow(in_, path_, item);
    return case_sensitive_ ? value : without_case(in_, value);
  }

 private:
  In in_;
  Path path_;
  bool case_sensitive_;
};

// Python's sorted(): stable, also when reversed, and by < alone.
std::vector<Value> sorted(In in, const std::vector<Value>& items, const std::vector<Value>& keys,
                          bool reverse) {
  Heap& heap = in.heap();
  std::vector<size_t> order(items.size());
  heap.charge_items(2 * items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = reverse ? order.size() - 1 - i : i;
  // A merge sort of the order: comparisons may throw, and need not be consistent.
  std::vector<size_t> merged(order.size());
  for (size_t width = 1; width < order.size(); width *= 2) {
    for (size_t begin = 0; begin < order.size(); begin += 2 * width) {
      const size_t middle = std::min(begin + width, order.size());
      const size_t end = std::min(begin + 2 * width, order.size());
      size_t a = begin, b = middle, to = begin;
      while (a < middle && b < end) {
        const bool take_b = in_order(heap, keys[order[b]], Order::kLess, keys[order[a]]);
        merged[to++] = order[take_b ? b++ : a++];
      }
      while (a < middle) merged[to++] = order[a++];
      while (b < end) merged[to++] = order[b++];
    }
    order.swap(merged);
  }
  if (reverse) std::reverse(order.begin(), order.end());
  std::vector<Value> out;
  for (const size_t at : order) out.push_back(items[at]);
  return out;
}

Value sort(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "sort", {"reverse", "case_sensitive", "attribute"});
  const Value attribute = bound.value(2, Value::none());
  std::vector<Key> parts;
  if (attribute.is(Kind::kText)) {
    for (const std::string_view part : split_at(attribute.bytes(), ",", -1))
      parts.emplace_back(in, in.heap().text(std::string(part)), bound.truth(1, false));
  } else {
    parts.emplace_back(in, attribute, bound.truth(1, false));
  }
  const std::vector<Value> items = list_of(in.heap(), value);
  std::vector<Value> keys;
  for (const Value& item : items) {
    std::vector<Value> key;
    for (const Key& part : parts) key.push_back(part(item));
    keys.push_back(in.heap().list(std::move(key)));
  }
  return in.heap().list(sorted(in, items, keys, bound.integer(0, 0) != 0));
}

Value dictsort(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "dictsort", {"case_sensitive", "by", "reverse"});
  const bool by_value =
      bound.has(1) && bound.at(1).is(Kind::kText) && bound.at(1).bytes() == "value";
  if (bound.has(1) && !by_value && !(bound.at(1).is(Kind::kText) && bound.at(1).bytes() == "key"))
    throw Fault("dictsort: you can only sort by either \"key\" or \"value\"");
  use_defined(value);
  if (!value.is(Kind::kDict))
    throw Fault(fmt::format("dictsort takes a dict, not {}", type_name(value)));
  std::vector<Value> items, keys;
  for (const auto& [key, item] : value.get<Dict>().entries()) {
    items.push_back(in.heap().tuple({key, item}));
    const Value& by = by_value ? item : key;
    keys.push_back(bound.truth(0, false) ? by : without_case(in, by));
  }
  return in.heap().list(sorted(in, items, keys, bound.integer(2, 0) != 0));
}

Value unique(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "unique", {"case_sensitive", "attribute"});
  const Key key(in, bound.value(1, Value::none()), bound.truth(0, false));
  const bool iterable = is_iterable(value);
  auto items = iterable ? iterate(in.heap(), value) : nullptr;
  auto seen = std::make_shared<Dict>();
  return generator(in.heap(), value, [&in, key, value, items, seen](Value& item) {
    const auto source = items ? items : iterate(in.heap(), value);
    while (source->next(item)) {
      const Value by = key(item);
      if (seen->find(in.heap(), by)) continue;
      seen->set(in.heap(), by, Value::none());
      return true;
    }
    return false;
  });
}

template <Order Better>
Value extreme(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "min", {"case_sensitive", "attribute"});
  const Key key(in, bound.value(1, Value::none()), bound.truth(0, false));
  const auto items = iterate(in.heap(), value);
  Value best;
  if (!items->next(best)) return Value::undefined("No aggregated item, sequence was empty.");
  Value best_key = key(best);
  for (Value item; items->next(item);) {
    const Value by = key(item);
    if (!in_order(in.heap(), by, Better, best_key)) continue;
    best = item;
    best_key = by;
  }
  return best;
}

Value sum(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "sum", {"attribute", "start"});
  const Path path = path_of(in, bound.value(0, Value::none()));
  Value total = bound.value(1, Value::integer(0));
  if (total.is(Kind::kText)) throw Fault("sum() can't sum strings [use ''.join(seq) instead]");
  const auto items = iterate(in.heap(), value);
  for (Value item; items->next(item);)
    total = binary(in.heap(), "+", total, follow(in, path, item));
  return total;
}

// ---- order and size ----

Value join(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "join", {"d", "attribute"});
  const Path path = path_of(in, bound.value(1, Value::none()));
  const std::string separator = bound.has(0) ? text_of(in.heap(), bound.at(0)) : "";
  const auto items = iterate(in.heap(), value);
  std::string out;
  bool first = true;
  for (Value item; items->next(item); first = false) {
    if (!first) out += separator;
    out += text_of(in.heap(), follow(in, path, item));
    in.heap().allow(static_cast<int64_t>(out.size()));
  }
  return in.heap().text(std::move(out));
}

Value length(In, const Value& value, Args arguments) {
  expect_positional(arguments, "length", 0, 0);
  return Value::integer(length_of(value));
}

Value first(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "first", 0, 0);
  Value item;
  if (iterate(in.heap(), value)->next(item)) return item;
  return Value::undefined("No first item, sequence was empty.");
}

Value last(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "last", 0, 0);
  Value item;
  if (iterate_backwards(in.heap(), value)->next(item)) return item;
  return Value::undefined("No last item, sequence was empty.");
}

Value list(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "list", 0, 0);
  return in.heap().list(list_of(in.heap(), value));
}

Value reverse(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "reverse", 0, 0);
  if (value.is(Kind::kText))
    return get_slice(in.heap(), value, Value::none(), Value::none(), Value::integer(-1));
  if (value.is(Kind::kIterator)) {
    std::vector<Value> items = list_of(in.heap(), value);
    std::reverse(items.begin(), items.end());
    return in.heap().list(std::move(items));
  }
  return Value(Kind::kIterator, iterate_backwards(in.heap(), value));
}

Value items(In in, const Value& value, Args arguments) {
  expect_positional(arguments, "items", 0, 0);
  std::shared_ptr<Iterator> source;
  return generator(in.heap(), value, [&in, value, source, at = size_t{0}](Value& item) mutable {
    if (value.is(Kind::kUndefined)) return false;
    if (!value.is(Kind::kDict)) throw Fault("Can only get item pairs from a mapping.");
    const auto& entries = value.get<Dict>().entries();
    if (at == entries.size()) return false;
    item = in.heap().tuple({entries[at].first, entries[at].second});
    ++at;
    return true;
  });
}

// ---- map, select, reject ----

Arguments from(Args arguments, size_t begin) {
  Arguments out;
  for (size_t i = begin; i < arguments.positional.size(); ++i)
    out.positional.push_back(arguments.positional[i]);
  out.named = arguments.named;
  return out;
}

std::string called_name(const Value& name, const char* what) {
  use_defined(name);
  if (!name.is(Kind::kText)) throw Fault(fmt::format("no {} of type {}", what, type_name(name)));
  return name.bytes();
}

using Step = std::function<Value(const Value& item)>;

Step map_step(In in, Args arguments) {
  const bool by_attribute =
      arguments.positional.empty() &&
      std::any_of(arguments.named.begin(), arguments.named.end(),
                  [](const auto& named) { return named.first == "attribute"; });
  if (by_attribute) {
    const Bound bound(arguments, "map", {"attribute", "default"}, 1);
    return [&in, path = path_of(in, bound.at(0)), otherwise = bound.value(1, Value::none())](
               const Value& item) { return follow(in, path, item, otherwise); };
  }
  if (arguments.positional.empty()) throw Fault("map requires a filter argument");
  return [&in, name = arguments.positional[0], rest = from(arguments, 1)](const Value& item) {
    return in.apply_filter(called_name(name, "filter"), item, rest);
  };
}

// Arguments are looked at when the first item is asked for.
Value map(In in, const Value& value, Args arguments) {
  return generator(in.heap(), value,
                   [&in, value, arguments, step = Step(),
                    source = std::shared_ptr<Iterator>()](Value& item) mutable {
                     if (!source) {
                       if (!is_true(value)) return false;
                       step = map_step(in, arguments);
                       source = iterate(in.heap(), value);
                     }
                     if (!source->next(item)) return false;
                     item = step(item);
                     return true;
                   });
}

std::function<bool(const Value&)> select_step(In in, Args arguments, bool by_attribute) {
  Path path;
  if (by_attribute) {
    if (arguments.positional.empty()) throw Fault("missing parameter for attribute name");
    path = path_of(in, arguments.positional[0]);
  }
  const size_t at = by_attribute ? 1 : 0;
  if (arguments.positional.size() <= at)
    return [&in, path](const Value& item) { return is_true(follow(in, path, item)); };
  return [&in, path, name = arguments.positional[at],
          rest = from(arguments, at + 1)](const Value& item) {
    return in.apply_test(called_name(name, "test"), follow(in, path, item), rest);
  };
}

template <bool Keep, bool ByAttribute>
Value select(In in, const Value& value, Args arguments) {
  return generator(in.heap(), value,
                   [&in, value, arguments, step = std::function<bool(const Value&)>(),
                    source = std::shared_ptr<Iterator>()](Value& item) mutable {
                     if (!source) {
                       if (!is_true(value)) return false;
                       step = select_step(in, arguments, ByAttribute);
                       source = iterate(in.heap(), value);
                     }
                     while (source->next(item))
                       if (step(item) == Keep) return true;
                     return false;
                   });
}

struct Entry {
  std::string_view name;
  Filter filter;
};
constexpr std::array<Entry, 19> kFilters = {{{"count", length},
                                             {"dictsort", dictsort},
                                             {"first", first},
                                             {"items", items},
                                             {"join", join},
                                             {"last", last},
                                             {"length", length},
                                             {"list", list},
                                             {"map", map},
                                             {"max", extreme<Order::kGreater>},
                                             {"min", extreme<Order::kLess>},
                                             {"reject", select<false, false>},
                                             {"rejectattr", select<false, true>},
                                             {"reverse", reverse},
                                             {"select", select<true, false>},
                                             {"selectattr", select<true, true>},
                                             {"sort", sort},
                                             {"sum", sum},
                                             {"unique", unique}}};

}  // namespace

Filter find_sequence_filter(std::string_view name) {
  for (const Entry& entry : kFilters)
    if (entry.name == name) return entry.filter;
  return nullptr;
}

}  // namespace cohort::chat
