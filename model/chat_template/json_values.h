// JSON to values and back.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/chat_template/heap.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

// Throws Fault for an integer of more than 64 bits.
Value from_json(Heap& heap, const nlohmann::ordered_json& json);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool has_indent = false;
  std::string indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

// Python's json.dumps. Throws Fault for what JSON has no form of.
std::string to_json(Heap& heap, const Value& value, const JsonStyle& style);

}  // namespace cohort::chat
