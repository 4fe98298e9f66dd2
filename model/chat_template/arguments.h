// What a call is given, and its binding to parameters.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/chat_template/value.h"

namespace cohort::chat {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Python's rules for `def callee(parameters)`: the first `required` have no default. Throws Fault.
class Bound {
 public:
  Bound(const Arguments& arguments, std::string_view callee,
        std::initializer_list<std::string_view> parameters, size_t required = 0);
  bool has(size_t index) const { return !values_[index].is(Kind::kMissing); }
  const Value& at(size_t index) const { return values_[index]; }
  Value value(size_t index, Value otherwise) const { return has(index) ? at(index) : otherwise; }
  // An int or bool; throws Fault for another type.
  int64_t integer(size_t index, int64_t otherwise) const;
  bool truth(size_t index, bool otherwise) const;

 private:
  std::vector<Value> values_;
};

// As many without names. Throws Fault.
void expect_positional(const Arguments& arguments, std::string_view callee, size_t least,
                       size_t most);
// An int or bool as an index; throws Fault.
int64_t index_of(const Value& value);
// A str; throws Fault.
const std::string& expect_text(const Value& value, std::string_view callee);

}  // namespace cohort::chat
