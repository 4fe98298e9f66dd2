// Methods of dict, list, tuple and loop.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/chat_template/attributes.h"
#include "model/chat_template/compare.h"
#include "model/chat_template/loops.h"

namespace cohort::chat {
namespace {

Value view_of(const Value& self, const Arguments& arguments, View::Part part, const char* name) {
  expect_positional(arguments, name, 0, 0);
  auto view = std::make_shared<View>();
  view->part = part;
  view->dict = self.share<Dict>();
  view->depth = self.depth();
  return Value(Kind::kView, std::move(view));
}

Value dict_items(Interpreter&, const Value& self, const Arguments& arguments) {
  return view_of(self, arguments, View::Part::kItems, "items()");
}
Value dict_keys(Interpreter&, const Value& self, const Arguments& arguments) {
  return view_of(self, arguments, View::Part::kKeys, "keys()");
}
Value dict_values(Interpreter&, const Value& self, const Arguments& arguments) {
  return view_of(self, arguments, View::Part::kValues, "values()");
}

Value dict_get(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  expect_positional(arguments, "get()", 1, 2);
  const Value* found = self.get<Dict>().find(interpreter.heap(), arguments.positional[0]);
  if (found) return *found;
  return arguments.positional.size() > 1 ? arguments.positional[1] : Value::none();
}

// Nothing changes a list or dict, so a copy may be the thing itself.
Value copied(Interpreter&, const Value& self, const Arguments& arguments) {
  expect_positional(arguments, "copy()", 0, 0);
  return self;
}

Value sequence_count(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  expect_positional(arguments, "count()", 1, 1);
  int64_t count = 0;
  for (const Value& item : self.items())
    count += equal(interpreter.heap(), item, arguments.positional[0]);
  return Value::integer(count);
}

Value sequence_index(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  expect_positional(arguments, "index()", 1, 3);
  const int64_t length = length_of(self);
  const auto bound = [&](size_t index, int64_t otherwise) {
    if (arguments.positional.size() <= index) return otherwise;
    const int64_t at = index_of(arguments.positional[index]);
    return at < 0 ? std::max<int64_t>(at + length, 0) : at;
  };
  const int64_t stop = std::min(bound(2, length), length);
  for (int64_t i = bound(1, 0); i < stop; ++i)
    if (equal(interpreter.heap(), self.items()[i], arguments.positional[0]))
      return Value::integer(i);
  throw Fault("index(): the value is not in the list");
}

Value loop_cycle(Interpreter&, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.named.empty())
    throw Fault("no items for cycling given");
  Value index;
  self.get<Loop>().attribute("index0", index);
  return arguments.positional[index.as_integer() % arguments.positional.size()];
}

Value loop_changed(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  if (!arguments.named.empty()) throw Fault("changed() takes no keyword arguments");
  return Value::boolean(self.get<Loop>().changed(interpreter.heap().tuple(arguments.positional)));
}

template <size_t N>
const MethodEntry* find_in(const std::array<MethodEntry, N>& entries, std::string_view name) {
  for (const MethodEntry& entry : entries)
    if (entry.name == name) return &entry;
  return nullptr;
}

constexpr std::array<MethodEntry, 6> kDictMethods = {{{"items", dict_items},
                                                      {"keys", dict_keys},
                                                      {"values", dict_values},
                                                      {"get", dict_get},
                                                      {"copy", copied},
                                                      {"fromkeys", nullptr}}};
constexpr std::array<MethodEntry, 3> kListMethods = {
    {{"count", sequence_count}, {"index", sequence_index}, {"copy", copied}}};
constexpr std::array<MethodEntry, 2> kLoopMethods = {
    {{"cycle", loop_cycle}, {"changed", loop_changed}}};

}  // namespace

const MethodEntry* find_dict_method(std::string_view name) { return find_in(kDictMethods, name); }
const MethodEntry* find_list_method(std::string_view name) { return find_in(kListMethods, name); }
const MethodEntry* find_loop_method(std::string_view name) { return find_in(kLoopMethods, name); }
const MethodEntry* find_tuple_method(std::string_view name) {
  return name == "copy" ? nullptr : find_in(kListMethods, name);
}

bool is_forbidden_method(const Value& object, std::string_view name) {
  constexpr std::array<std::string_view, 5> kDict = {"clear", "pop", "popitem", "setdefault",
                                                     "update"};
  constexpr std::array<std::string_view, 8> kList = {"append", "clear", "pop",    "reverse",
                                                     "insert", "sort",  "extend", "remove"};
  const auto in = [&](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return object.is(Kind::kDict) ? in(kDict) : object.is(Kind::kList) && in(kList);
}

}  // namespace cohort::chat
