// Python literals, read and written: numbers, strings, bytes, None, True, False, lists, tuples,
// sets and dicts. Reading is linear (but for the sorting of sets and dicts) and bounded.
#pragma once

#include <optional>

#include "rewards/code/python_value.h"

namespace cohort::judge {

struct LiteralLimits {
  size_t nodes = size_t{1} << 20;
  int depth = 200;
};

// The whole text is one literal; `1, 2` is a tuple. float("nan"), float("inf") and set() count as
// literals. Nothing for anything else, or beyond a limit.
std::optional<Value> parse_literal(std::string_view text, const LiteralLimits& limits = {});

// ASCII text that parse_literal reads back as the same value, where its strings are UTF-8.
std::string to_literal(const Value& value);

}  // namespace cohort::judge
