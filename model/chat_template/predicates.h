// Jinja's tests: what stands behind `is`.
#pragma once

#include <string>

#include "model/chat_template/interpreter.h"

namespace cohort::chat {

// Throws Fault, unless `soft`, when there is none of that name.
void check_test_name(const std::string& name, bool soft);
bool call_test(Interpreter& interpreter, const std::string& name, const Value& value,
               const Arguments& arguments);

}  // namespace cohort::chat
