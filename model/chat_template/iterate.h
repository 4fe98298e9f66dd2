// Python's iter(), and what follows from it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "model/chat_template/heap.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

// Throws Fault: 'int' object is not iterable. An iterator is its own.
std::shared_ptr<Iterator> iterate(Heap& heap, const Value& value);
bool is_iterable(const Value& value);
// reversed(value); throws Fault where Python has none.
std::shared_ptr<Iterator> iterate_backwards(Heap& heap, const Value& value);
std::vector<Value> list_of(Heap& heap, const Value& value);  // list(value)

// len(value), -1 where Python has none.
int64_t length_or_negative(const Value& value);
int64_t length_of(const Value& value);  // throws Fault: object of type 'int' has no len()

// A generator: `step` gives the next item or says that there is none. `around`: what it reads.
using Generate = std::function<bool(Value& item)>;
Value generator(Heap& heap, const Value& around, Generate step);

// Throws what the use of an undefined value raises.
inline void use_defined(const Value& value) {
  if (value.is(Kind::kUndefined)) throw Fault(value.get<Undefined>().message);
}

}  // namespace cohort::chat
