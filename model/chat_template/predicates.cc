#include "model/chat_template/predicates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/chat_template/arithmetic.h"
#include "model/chat_template/compare.h"
#include "model/chat_template/filters.h"
#include "model/chat_template/text_edit.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {
namespace {

using In = Interpreter&;
using Test = bool (*)(In, const Value& value, const Value& other);

bool is_test_name(std::string_view name);

bool is_modulo(In in, const Value& value, int64_t by, int64_t rest) {
  const Value left = binary(in.heap(), "%", value, Value::integer(by));
  return is_equal(in.heap(), left, Value::integer(rest));
}

bool is_sequence(const Value& value) {
  return value.is_sequence() || value.is(Kind::kText) || value.is(Kind::kDict) ||
         value.is(Kind::kRange) || value.is(Kind::kUndefined);
}

bool is_callable(const Value& value) {
  return value.is(Kind::kFunction) || value.is(Kind::kMethod) || value.is(Kind::kMacro) ||
         value.is(Kind::kLoop) || value.is(Kind::kUndefined);
}

bool is_same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::kNone)) return true;
  if (a.is(Kind::kBool)) return a.as_bool() == b.as_bool();
  if (a.is(Kind::kNamespace) || a.is(Kind::kMacro) || a.is(Kind::kLoop))
    return a.object() == b.object();
  throw Fault(fmt::format("sameas of two values of {} is not supported", type_name(a)));
}

template <Order Which>
bool ordered(In in, const Value& a, const Value& b) {
  return in_order(in.heap(), a, Which, b);
}

struct Entry {
  std::string_view name;
  int parameters;  // beside the value
  Test test;
};

const std::array kTests = std::to_array<Entry>({
    {"defined", 0, [](In, const Value& v, const Value&) { return !v.is(Kind::kUndefined); }},
    {"undefined", 0, [](In, const Value& v, const Value&) { return v.is(Kind::kUndefined); }},
    {"none", 0, [](In, const Value& v, const Value&) { return v.is(Kind::kNone); }},
    {"boolean", 0, [](In, const Value& v, const Value&) { return v.is(Kind::kBool); }},
    {"true", 0,
     [](In, const Value& v, const Value&) { return v.is(Kind::kBool) && v.as_bool(); }},
    {"false", 0,
     [](In, const Value& v, const Value&) { return v.is(Kind::kBool) && !v.as_bool(); }},
    {"integer", 0, [](In, const Value& v, const Value&) { return v.is(Kind::kInt); }},
    {"float", 0, [](In, const Value& v, const Value&) { return v.is(Kind::kFloat); }},
    {"number", 0, [](In, const Value& v, const Value&) { return v.is_number(); }},
    {"string", 0, [](In, const Value& v, const Value&) { return v.is(Kind::kText); }},
    {"mapping", 0, [](In, const Value& v, const Value&) { return v.is(Kind::kDict); }},
    {"iterable", 0, [](In, const Value& v, const Value&) { return is_iterable(v); }},
    {"sequence", 0, [](In, const Value& v, const Value&) { return is_sequence(v); }},
    {"callable", 0, [](In, const Value& v, const Value&) { return is_callable(v); }},
    {"escaped", 0,
     [](In, const Value& v, const Value&) { return v.is(Kind::kText) && v.get<Text>().markup; }},
    {"lower", 0,
     [](In in, const Value& v, const Value&) { return is_lower_text(text_of(in.heap(), v)); }},
    {"upper", 0,
     [](In in, const Value& v, const Value&) { return is_upper_text(text_of(in.heap(), v)); }},
    {"odd", 0, [](In in, const Value& v, const Value&) { return is_modulo(in, v, 2, 1); }},
    {"even", 0, [](In in, const Value& v, const Value&) { return is_modulo(in, v, 2, 0); }},
    {"divisibleby", 1,
     [](In in, const Value& v, const Value& by) {
       return is_equal(in.heap(), binary(in.heap(), "%", v, by), Value::integer(0));
     }},
    {"in", 1, [](In in, const Value& v, const Value& all) { return contains(in.heap(), all, v); }},
    {"sameas", 1, [](In, const Value& v, const Value& other) { return is_same(v, other); }},
    {"filter", 0,
     [](In in, const Value& v, const Value&) {
       hash_of(in.heap(), v);
       return v.is(Kind::kText) && is_filter_name(v.bytes());
     }},
    {"test", 0,
     [](In in, const Value& v, const Value&) {
       hash_of(in.heap(), v);
       return v.is(Kind::kText) && is_test_name(v.bytes());
     }},
    {"==", 1, [](In in, const Value& a, const Value& b) { return is_equal(in.heap(), a, b); }},
    {"eq", 1, [](In in, const Value& a, const Value& b) { return is_equal(in.heap(), a, b); }},
    {"equalto", 1, [](In in, const Value& a, const Value& b) { return is_equal(in.heap(), a, b); }},
    {"!=", 1, [](In in, const Value& a, const Value& b) { return !is_equal(in.heap(), a, b); }},
    {"ne", 1, [](In in, const Value& a, const Value& b) { return !is_equal(in.heap(), a, b); }},
    {">", 1, ordered<Order::kGreater>},
    {"gt", 1, ordered<Order::kGreater>},
    {"greaterthan", 1, ordered<Order::kGreater>},
    {">=", 1, ordered<Order::kGreaterEqual>},
    {"ge", 1, ordered<Order::kGreaterEqual>},
    {"<", 1, ordered<Order::kLess>},
    {"lt", 1, ordered<Order::kLess>},
    {"lessthan", 1, ordered<Order::kLess>},
    {"<=", 1, ordered<Order::kLessEqual>},
    {"le", 1, ordered<Order::kLessEqual>},
});

const Entry* find(std::string_view name) {
  for (const Entry& entry : kTests)
    if (entry.name == name) return &entry;
  return nullptr;
}

bool is_test_name(std::string_view name) { return find(name) != nullptr; }

}  // namespace

void check_test_name(const std::string& name, bool soft) {
  if (!soft && !find(name)) throw Fault(fmt::format("no test named '{}'", name));
}

bool call_test(Interpreter& interpreter, const std::string& name, const Value& value,
               const Arguments& arguments) {
  const Entry* entry = find(name);
  if (!entry) throw Fault(fmt::format("no test named '{}'", name));
  if (name == "divisibleby" && !arguments.named.empty()) {
    const Bound bound(arguments, "the test 'divisibleby'", {"num"}, 1);
    return entry->test(interpreter, value, bound.at(0));
  }
  expect_positional(arguments, fmt::format("the test '{}'", name), entry->parameters,
                    entry->parameters);
  return entry->test(interpreter, value,
                     arguments.positional.empty() ? Value::none() : arguments.positional[0]);
}

}  // namespace cohort::chat
