// "..." % values and "...".format(...).
#pragma once

#include "model/chat_template/arguments.h"
#include "model/chat_template/heap.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

// All of Python's conversions but %a.
Value percent_format(Heap& heap, const Value& format, const Value& values);
// Fields {}, {0} and {name} with !s or !r; a format after a colon, an attribute or an index in a
// field is not supported.
Value brace_format(Heap& heap, const Value& format, const Arguments& arguments);

}  // namespace cohort::chat
