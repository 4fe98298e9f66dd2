// Python's operators on numbers and sequences.
#pragma once

#include <string_view>

#include "model/chat_template/heap.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

// + - * / // % **. Throws Fault: other types, division by zero, more than 64 bits.
Value binary(Heap& heap, std::string_view op, const Value& a, const Value& b);
Value negated(const Value& value);
Value posited(const Value& value);
Value absolute(const Value& value);

}  // namespace cohort::chat
