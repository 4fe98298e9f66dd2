#include "model/chat_template/json_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/chat_template/code_points.h"
#include "model/chat_template/compare.h"
#include "model/chat_template/number_text.h"

namespace cohort::chat {
namespace {

Value read_value(Heap& heap, const nlohmann::ordered_json& json, int depth) {
  heap.depth_of(depth);
  switch (json.type()) {
    case nlohmann::ordered_json::value_t::null:
    case nlohmann::ordered_json::value_t::discarded:
    case nlohmann::ordered_json::value_t::binary:
      return Value::none();
    case nlohmann::ordered_json::value_t::boolean:
      return Value::boolean(json.get<bool>());
    case nlohmann::ordered_json::value_t::number_integer:
      return Value::integer(json.get<int64_t>());
    case nlohmann::ordered_json::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
        throw Fault(fmt::format("the integer {} needs more than 64 bits", json.get<uint64_t>()));
      return Value::integer(json.get<int64_t>());
    case nlohmann::ordered_json::value_t::number_float:
      return Value::real(json.get<double>());
    case nlohmann::ordered_json::value_t::string:
      return heap.text(json.get_ref<const std::string&>());
    case nlohmann::ordered_json::value_t::array: {
      std::vector<Value> items;
      for (const auto& item : json) items.push_back(read_value(heap, item, depth + 1));
      return heap.list(std::move(items));
    }
    case nlohmann::ordered_json::value_t::object: {
      auto dict = std::make_shared<Dict>();
      for (const auto& [key, item] : json.items())
        dict->set(heap, heap.text(key), read_value(heap, item, depth + 1));
      return heap.dict(std::move(dict));
    }
  }
  return Value::none();
}

class Writer {
 public:
  Writer(Heap& heap, const JsonStyle& style) : heap_(heap), style_(style) {}
  std::string take() { return std::move(out_); }

  void write(const Value& value) {
    heap_.step();
    switch (value.kind()) {
      case Kind::kNone:
        return put("null");
      case Kind::kBool:
        return put(value.as_bool() ? "true" : "false");
      case Kind::kInt:
        return put(fmt::format("{}", value.as_integer()));
      case Kind::kFloat:
        return put(number(value.as_double()));
      case Kind::kText:
        return write_text(value.bytes());
      case Kind::kList:
      case Kind::kTuple:
        return write_items(value.items());
      case Kind::kDict:
        return write_dict(value.get<Dict>());
      default:
        throw Fault(fmt::format("Object of type {} is not JSON serializable", type_name(value)));
    }
  }

 private:
  void put(std::string_view text) {
    heap_.allow(static_cast<int64_t>(out_.size() + text.size()));
    out_ += text;
  }

  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return float_text(value);
  }

  void new_line() {
    if (!style_.has_indent) return;
    put("\n");
    for (int i = 0; i < level_; ++i) put(style_.indent);
  }

  void put_unit(uint32_t unit) { put(fmt::format("\\u{:04x}", unit)); }

  void write_text(const std::string& text) {
    heap_.read(text.size());
    put("\"");
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      const char32_t c = next_code_point(text, at);
      constexpr std::string_view kShort = "\"\\\n\r\t\f\b", kLetters = "\"\\nrtfb";
      if (const size_t index = c < 0x80 ? kShort.find(static_cast<char>(c)) : kShort.npos;
          index != kShort.npos) {
        put("\\");
        put(kLetters.substr(index, 1));
      } else if (c < 0x20 || (style_.ensure_ascii && c >= 0x7F && c < 0x10000)) {
        put_unit(c);
      } else if (style_.ensure_ascii && c >= 0x10000) {
        put_unit(0xD800 + ((c - 0x10000) >> 10));
        put_unit(0xDC00 + ((c - 0x10000) & 0x3FF));
      } else {
        put(std::string_view(text).substr(begin, at - begin));
      }
    }
    put("\"");
  }

  void write_items(const std::vector<Value>& items) {
    if (items.empty()) return put("[]");
    put("[");
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i) put(style_.item_separator);
      new_line();
      write(items[i]);
    }
    --level_;
    new_line();
    put("]");
  }

  std::string key_text(const Value& key) {
    switch (key.kind()) {
      case Kind::kText:
        return key.bytes();
      case Kind::kNone:
        return "null";
      case Kind::kBool:
        return key.as_bool() ? "true" : "false";
      case Kind::kInt:
        return fmt::format("{}", key.as_integer());
      case Kind::kFloat:
        return number(key.as_double());
      default:
        throw Fault(
            fmt::format("keys must be str, int, float, bool or None, not {}", type_name(key)));
    }
  }

  void write_dict(const Dict& dict) {
    if (dict.entries().empty()) return put("{}");
    std::vector<Dict::Entry> entries = dict.entries();
    heap_.charge_items(2 * entries.size());
    if (style_.sort_keys)
      std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
        return in_order(heap_, a.first, Order::kLess, b.first);
      });
    put("{");
    ++level_;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i) put(style_.item_separator);
      new_line();
      write_text(key_text(entries[i].first));
      put(style_.key_separator);
      write(entries[i].second);
    }
    --level_;
    new_line();
    put("}");
  }

  Heap& heap_;
  const JsonStyle& style_;
  std::string out_;
  int level_ = 0;
};

}  // namespace

Value from_json(Heap& heap, const nlohmann::ordered_json& json) {
  return read_value(heap, json, 0);
}

std::string to_json(Heap& heap, const Value& value, const JsonStyle& style) {
  Writer writer(heap, style);
  writer.write(value);
  return writer.take();
}

}  // namespace cohort::chat
