// Python's str() and repr().
#pragma once

#include <string>

#include "model/chat_template/heap.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

// Throws Fault for what Python prints with its address in memory.
std::string text_of(Heap& heap, const Value& value);  // str(value)
std::string repr_of(Heap& heap, const Value& value);  // repr(value)
std::string quoted(std::string_view text);            // repr of a str

// markupsafe.escape(value), and of a Markup itself.
Value escaped(Heap& heap, const Value& value);
// markupsafe.soft_str(value): a str or Markup as it is.
Value soft_text(Heap& heap, const Value& value);

}  // namespace cohort::chat
