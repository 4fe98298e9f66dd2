// Python's ==, <, hash() and `in`.
#pragma once

#include <string_view>

#include "model/chat_template/heap.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

bool is_true(const Value& value);  // bool(value)

// Inside containers, where NaN equals itself: Python's find an object by identity first.
bool equal(Heap& heap, const Value& a, const Value& b);
bool is_equal(Heap& heap, const Value& a, const Value& b);  // a == b

enum class Order { kLess, kLessEqual, kGreater, kGreaterEqual };
// Throws Fault where Python has no order.
bool in_order(Heap& heap, const Value& a, Order order, const Value& b);

size_t hash_of(Heap& heap, const Value& value);  // throws Fault: unhashable
size_t hash_of_text(std::string_view bytes);

// item in container. Takes the items of an iterator up to the one found.
bool contains(Heap& heap, const Value& container, const Value& item);

}  // namespace cohort::chat
