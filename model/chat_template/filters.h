// Jinja's filters.
#pragma once

#include <string>
#include <string_view>

#include "model/chat_template/interpreter.h"

namespace cohort::chat {

// Throws Fault: not supported; or, unless `soft`, that there is none of that name.
void check_filter_name(const std::string& name, bool soft);
Value call_filter(Interpreter& interpreter, const std::string& name, const Value& value,
                  const Arguments& arguments);
bool is_filter_name(std::string_view name);  // to Jinja

using Filter = Value (*)(Interpreter& interpreter, const Value& value, const Arguments& arguments);
// Null when there is none of that name.
Filter find_text_filter(std::string_view name);
Filter find_number_filter(std::string_view name);
Filter find_sequence_filter(std::string_view name);

}  // namespace cohort::chat
