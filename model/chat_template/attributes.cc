#include "model/chat_template/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/chat_template/code_points.h"
#include "model/chat_template/loops.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {
namespace {

bool is_any(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const MethodEntry* find_method(const Value& object, std::string_view name) {
  switch (object.kind()) {
    case Kind::kText:
      return find_text_method(name);
    case Kind::kDict:
      return find_dict_method(name);
    case Kind::kList:
      return find_list_method(name);
    case Kind::kTuple:
      return find_tuple_method(name);
    case Kind::kLoop:
      return find_loop_method(name);
    default:
      return nullptr;
  }
}

// Attributes that Python's objects have and templates have no use for.
bool is_unsupported(const Value& object, std::string_view name) {
  if (name.starts_with("__")) return true;
  switch (object.kind()) {
    case Kind::kBool:
    case Kind::kInt:
      return is_any(
          name, {"real", "imag", "numerator", "denominator", "bit_length", "bit_count", "conjugate",
                 "to_bytes", "from_bytes", "as_integer_ratio", "is_integer"});
    case Kind::kFloat:
      return is_any(name, {"real", "imag", "is_integer", "hex", "fromhex", "conjugate",
                           "as_integer_ratio", "from_number"});
    case Kind::kRange:
      return is_any(name, {"count", "index"});
    case Kind::kView:
      return is_any(name, {"isdisjoint", "mapping"});
    case Kind::kIterator:
      return name.starts_with("gi_") || is_any(name, {"send", "throw", "close"});
    case Kind::kFunction:
    case Kind::kMethod:
      return true;
    case Kind::kMacro:
      return is_any(name,
                    {"arguments", "catch_kwargs", "catch_varargs", "caller", "explicit_caller"});
    default:
      return false;
  }
}

Value no_attribute(Heap& heap, const Value& object, const Value& name) {
  const std::string type =
      object.is(Kind::kNone) ? "None" : fmt::format("{} object", type_name(object));
  if (name.is(Kind::kText))
    return Value::undefined(fmt::format("'{}' has no attribute {}", type, quoted(name.bytes())));
  std::string element;
  try {
    element = repr_of(heap, name);
  } catch (const Fault&) {
    element = type_name(name);
  }
  return Value::undefined(fmt::format("{} has no element {}", type, element));
}

// object[key] where Python has it; false where it raises TypeError or LookupError.
bool find_item(Interpreter& interpreter, const Value& object, const Value& key, Value& out) {
  Heap& heap = interpreter.heap();
  if (object.is(Kind::kDict)) {
    // A list or dict, also inside a tuple, has no hash.
    try {
      const Value* found = object.get<Dict>().find(heap, key);
      if (found) out = *found;
      return found != nullptr;
    } catch (const Fault& fault) {
      if (std::string_view(fault.what()).starts_with("unhashable type")) return false;
      throw;
    }
  }
  const bool indexed = object.is_sequence() || object.is(Kind::kText) || object.is(Kind::kRange);
  if (!indexed || !key.is_integral()) return false;
  const int64_t length = length_of(object);
  int64_t index = key.as_integer();
  if (index < 0) index += length;
  if (index < 0 || index >= length) return false;
  if (object.is(Kind::kRange)) {
    out = Value::integer(object.get<Range>().at(index));
  } else if (object.is(Kind::kText)) {
    const Text& text = object.get<Text>();
    size_t begin = index;
    if (!text.is_ascii()) {
      heap.read(text.bytes.size());
      begin = byte_offset(text.bytes, index);
    }
    size_t end = begin;
    next_code_point(text.bytes, end);
    out = heap.text(text.bytes.substr(begin, end - begin), text.markup);
  } else {
    out = object.items()[index];
  }
  return true;
}

struct Cut {
  int64_t start, step, count;
};

// slice.indices(length).
Cut cut_of(int64_t length, const Value& start, const Value& stop, const Value& step) {
  for (const Value* bound : {&start, &stop, &step})
    if (!bound->is(Kind::kNone) && !bound->is_integral())
      throw Fault("slice indices must be integers or None");
  const int64_t by = step.is(Kind::kNone) ? 1 : step.as_integer();
  if (by == 0) throw Fault("slice step cannot be zero");
  const int64_t lowest = by < 0 ? -1 : 0, highest = by < 0 ? length - 1 : length;
  const auto clamp = [&](const Value& bound, int64_t otherwise) {
    if (bound.is(Kind::kNone)) return otherwise;
    const int64_t at = bound.as_integer();
    if (at < 0) return at < -length ? lowest : std::max(at + length, lowest);
    return std::min(at, highest);
  };
  const int64_t from = clamp(start, by < 0 ? highest : lowest);
  const int64_t to = clamp(stop, by < 0 ? lowest : highest);
  int64_t count = 0;
  if (by > 0 && from < to) count = (to - from - 1) / by + 1;
  // 1 + (from - to - 1) / -by, with a step that may be the smallest integer.
  if (by < 0 && from > to) count = 1 - (from - to - 1) / by;
  return {from, by, count};
}

Value cut_text(Heap& heap, const Text& text, const Cut& cut) {
  heap.read(text.bytes.size());
  std::string out;
  if (text.is_ascii()) {
    for (int64_t i = 0; i < cut.count; ++i) out += text.bytes[cut.start + i * cut.step];
    return heap.text(std::move(out), text.markup);
  }
  if (cut.step == 1) {
    const size_t begin = byte_offset(text.bytes, cut.start);
    const size_t size = byte_offset(std::string_view(text.bytes).substr(begin), cut.count);
    return heap.text(text.bytes.substr(begin, cut.count ? size : 0), text.markup);
  }
  heap.allow(text.length * static_cast<int64_t>(sizeof(size_t)));
  std::vector<size_t> begins;
  for (size_t at = 0; at < text.bytes.size(); next_code_point(text.bytes, at)) begins.push_back(at);
  for (int64_t i = 0; i < cut.count; ++i) {
    size_t at = begins[cut.start + i * cut.step];
    append_utf8(out, next_code_point(text.bytes, at));
  }
  return heap.text(std::move(out), text.markup);
}

}  // namespace

bool find_attribute(Interpreter& interpreter, const Value& object, const std::string& name,
                    Value& out) {
  use_defined(object);
  if (object.is(Kind::kNamespace)) {
    const Value* found = object.get<Namespace>().attributes.find(name);
    if (found) out = *found;
    return found != nullptr;
  }
  if (is_unsupported(object, name))
    throw Fault(fmt::format("the attribute '{}' of {} is not supported", name, type_name(object)));
  if (is_forbidden_method(object, name)) {
    out = Value::undefined(
        fmt::format("access to attribute '{}' of '{}' object is unsafe", name, type_name(object)));
    return true;
  }
  if (const MethodEntry* entry = find_method(object, name)) {
    if (!entry->call)
      throw Fault(fmt::format("the method '{}' of {} is not supported", name, type_name(object)));
    interpreter.heap().charge(128);
    auto method = std::make_shared<Method>();
    method->depth = interpreter.heap().depth_around(object);
    method->self = object;
    method->entry = entry;
    out = Value(Kind::kMethod, std::move(method));
    return true;
  }
  if (object.is(Kind::kLoop)) return object.get<Loop>().attribute(name, out);
  if (object.is(Kind::kRange) && is_any(name, {"start", "stop", "step"})) {
    const Range& range = object.get<Range>();
    out = Value::integer(name == "start" ? range.start : name == "stop" ? range.stop : range.step);
    return true;
  }
  if (object.is(Kind::kMacro) && name == "name") {
    const Macro& macro = object.get<Macro>();
    out = macro.named ? interpreter.heap().text(macro.name) : Value::none();
    return true;
  }
  return false;
}

Value get_attribute(Interpreter& interpreter, const Value& object, const std::string& name) {
  Value out;
  if (find_attribute(interpreter, object, name, out)) return out;
  if (object.is(Kind::kDict)) {
    interpreter.heap().step();
    const Value* found = object.get<Dict>().find(name);
    if (found) return *found;
  }
  return no_attribute(interpreter.heap(), object, interpreter.heap().text(name));
}

Value get_item(Interpreter& interpreter, const Value& object, const Value& key) {
  use_defined(object);
  Value out;
  if (find_item(interpreter, object, key, out)) return out;
  if (key.is(Kind::kText) && find_attribute(interpreter, object, key.bytes(), out)) return out;
  return no_attribute(interpreter.heap(), object, key);
}

Value get_slice(Heap& heap, const Value& object, const Value& start, const Value& stop,
                const Value& step) {
  use_defined(object);
  if (!object.is_sequence() && !object.is(Kind::kText) && !object.is(Kind::kRange))
    throw Fault(fmt::format("'{}' object cannot be sliced", type_name(object)));
  const Cut cut = cut_of(length_of(object), start, stop, step);
  if (object.is(Kind::kText)) return cut_text(heap, object.get<Text>(), cut);
  if (object.is(Kind::kRange)) {
    const Range& range = object.get<Range>();
    auto out = std::make_shared<Range>();
    out->length = cut.count;
    out->start = range.at(cut.start);
    if (__builtin_mul_overflow(range.step, cut.step, &out->step) || cut.count == 0)
      throw Fault("this slice of a range is not supported");
    out->stop = out->at(cut.count);
    return Value(Kind::kRange, std::move(out));
  }
  std::vector<Value> items;
  heap.charge_items(cut.count);
  for (int64_t i = 0; i < cut.count; ++i) items.push_back(object.items()[cut.start + i * cut.step]);
  heap.step(cut.count);
  return object.is(Kind::kList) ? heap.list(std::move(items)) : heap.tuple(std::move(items));
}

}  // namespace cohort::chat
