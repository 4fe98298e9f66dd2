// What a function call of a test must give.
#pragma once

#include "rewards/code/python_value.h"

namespace cohort::judge {

struct Expected {
  enum class Form : uint8_t {
    equal,     // to `value`, by `rules`
    truthy,    // what Python takes for true
    falsy,     //
    sequence,  // a list or tuple with the items of `value`
    any,       // any plain value: the test only calls
  };
  Form form = Form::equal;
  Value value = {};
  ValueRules rules = {};
};

// Whether the returned literal meets it; false too for what is no literal, and for more values than
// the expected one has.
bool meets(const Expected& expected, std::string_view returned);

// A function call of a test.
struct CallTest {
  std::string arguments;  // a Python literal: a tuple
  Expected expected;
};

}  // namespace cohort::judge
