#pragma once

#include <string>

#include "rewards/code/python_value.h"

namespace cohort::judge {

// A value as the bytes that Python's marshal.loads() makes it from. Throws InputError.
std::string marshalled(const Value& value);

// The same of a Python literal: without the syntax tree of eval(), which takes more memory than the
// value.
std::string marshalled(const std::string& literal);

}  // namespace cohort::judge
