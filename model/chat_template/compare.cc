#include "model/chat_template/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "model/chat_template/iterate.h"
#include "model/chat_template/macros.h"
#include "model/chat_template/text_search.h"

namespace cohort::chat {
namespace {

// Wide enough for every int64 and every double.
static_assert(std::numeric_limits<long double>::digits >= 64);
long double exact(const Value& number) {
  return number.is(Kind::kFloat) ? static_cast<long double>(number.as_double())
                                 : static_cast<long double>(number.as_integer());
}

bool equal_items(Heap& heap, const std::vector<Value>& a, const std::vector<Value>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!equal(heap, a[i], b[i])) return false;
  return true;
}

bool equal_dicts(Heap& heap, const Dict& a, const Dict& b) {
  if (a.entries().size() != b.entries().size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.find(heap, key);
    if (!other || !equal(heap, value, *other)) return false;
  }
  return true;
}

bool equal_ranges(const Range& a, const Range& b) {
  if (a.length != b.length) return false;
  return a.length == 0 || (a.start == b.start && (a.length == 1 || a.step == b.step));
}

std::string_view symbol(Order order) {
  switch (order) {
    case Order::kLess:
      return "<";
    case Order::kLessEqual:
      return "<=";
    case Order::kGreater:
      return ">";
    case Order::kGreaterEqual:
      return ">=";
  }
  return "";
}

template <class T>
bool holds(const T& a, Order order, const T& b) {
  switch (order) {
    case Order::kLess:
      return a < b;
    case Order::kLessEqual:
      return a <= b;
    case Order::kGreater:
      return a > b;
    case Order::kGreaterEqual:
      return a >= b;
  }
  return false;
}

}  // namespace

bool is_true(const Value& value) {
  switch (value.kind()) {
    case Kind::kMissing:
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.as_integer() != 0;
    case Kind::kFloat:
      return value.as_double() != 0;
    case Kind::kText:
      return !value.bytes().empty();
    case Kind::kList:
    case Kind::kTuple:
      return !value.items().empty();
    case Kind::kDict:
      return !value.get<Dict>().entries().empty();
    case Kind::kRange:
      return value.get<Range>().length > 0;
    case Kind::kView:
      return !value.get<View>().dict->entries().empty();
    default:
      return true;
  }
}

bool equal(Heap& heap, const Value& a, const Value& b) {
  heap.step();
  if (a.is_number() && b.is_number()) {
    const long double x = exact(a), y = exact(b);
    return x == y || (std::isnan(x) && std::isnan(y));
  }
  if (a.kind() != b.kind()) return false;
  if (a.object() == b.object() && a.object()) return true;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kText:
      if (a.bytes().size() == b.bytes().size()) heap.read(a.bytes().size());
      return a.bytes() == b.bytes();
    case Kind::kList:
    case Kind::kTuple:
      return equal_items(heap, a.items(), b.items());
    case Kind::kDict:
      return equal_dicts(heap, a.get<Dict>(), b.get<Dict>());
    case Kind::kRange:
      return equal_ranges(a.get<Range>(), b.get<Range>());
    case Kind::kView:
      throw Fault("comparing dict views is not supported");
    case Kind::kFunction:
      return a.get<Function>().name == b.get<Function>().name;
    case Kind::kMethod:
      throw Fault("comparing methods is not supported");
    default:
      return false;
  }
}

bool is_equal(Heap& heap, const Value& a, const Value& b) {
  if (a.is(Kind::kFloat) && std::isnan(a.as_double())) return false;
  return equal(heap, a, b);
}

bool in_order(Heap& heap, const Value& a, Order order, const Value& b) {
  heap.step();
  use_defined(a);
  use_defined(b);
  if (a.is_number() && b.is_number()) return holds(exact(a), order, exact(b));
  if (a.is(Kind::kText) && b.is(Kind::kText)) {
    heap.read(std::min(a.bytes().size(), b.bytes().size()));
    return holds(a.bytes(), order, b.bytes());  // the order of UTF-8 is that of code points
  }
  if (a.is_sequence() && a.kind() == b.kind()) {
    const auto& x = a.items();
    const auto& y = b.items();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (!equal(heap, x[i], y[i])) return in_order(heap, x[i], order, y[i]);
    return holds(x.size(), order, y.size());
  }
  if (a.is(Kind::kView) && b.is(Kind::kView)) throw Fault("comparing dict views is not supported");
  throw Fault(fmt::format("'{}' not supported between instances of '{}' and '{}'", symbol(order),
                          type_name(a), type_name(b)));
}

size_t hash_of_text(std::string_view bytes) { return std::hash<std::string_view>()(bytes); }

size_t hash_of(Heap& heap, const Value& value) {
  heap.step();
  switch (value.kind()) {
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat: {
      const double number = value.as_double();
      return std::hash<double>()(number == 0 ? 0 : number);
    }
    case Kind::kText:
      heap.read(value.bytes().size());
      return hash_of_text(value.bytes());
    case Kind::kTuple: {
      size_t hash = 17;
      for (const Value& item : value.items()) hash = hash * 1000003 + hash_of(heap, item);
      return hash;
    }
    case Kind::kRange:
      return static_cast<size_t>(value.get<Range>().length) * 31;
    case Kind::kList:
    case Kind::kDict:
    case Kind::kView:
      throw Fault(fmt::format("unhashable type: '{}'", type_name(value)));
    case Kind::kFunction:
      return hash_of_text(value.get<Function>().name);
    case Kind::kMethod:
      throw Fault("the hash of a method is not supported");
    case Kind::kMissing:
    case Kind::kUndefined:
    case Kind::kNone:
      return static_cast<size_t>(value.kind());
    default:
      return std::hash<const void*>()(value.object());
  }
}

bool contains(Heap& heap, const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::kText:
      if (!item.is(Kind::kText))
        throw Fault(
            fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
      heap.read(container.bytes().size());
      return find_bytes(container.bytes(), item.bytes(), 0) != std::string_view::npos;
    case Kind::kDict:
      return container.get<Dict>().find(heap, item) != nullptr;
    case Kind::kView: {
      const View& view = container.get<View>();
      if (view.part == View::Part::kKeys) return view.dict->find(heap, item) != nullptr;
      break;
    }
    case Kind::kNone:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
    case Kind::kNamespace:
    case Kind::kMacro:
    case Kind::kFunction:
    case Kind::kMethod:
      throw Fault(fmt::format("argument of type '{}' is not iterable", type_name(container)));
    default:
      break;
  }
  const auto items = iterate(heap, container);
  for (Value next; items->next(next);)
    if (equal(heap, next, item)) return true;
  return false;
}

}  // namespace cohort::chat
