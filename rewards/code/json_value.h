// JSON as the same tree as Python values: objects are dicts, integers keep all their digits.
#pragma once

#include <string_view>

#include "rewards/code/python_value.h"

namespace cohort::judge {

// Throws InputError: what is wrong and where. At most 64 levels; of a repeated key the last counts.
Value parse_json(std::string_view text);

// The value of a key of a dict; null when it is not there.
const Value* find_key(const Value& dict, std::string_view key);

}  // namespace cohort::judge
