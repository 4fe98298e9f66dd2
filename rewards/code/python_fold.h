// The value of a constant expression: literals, arithmetic on them, range(), comprehensions, and
// the names that were assigned before. Integers of 64 bits, a budget of steps; what is not plainly
// constant has no value.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "rewards/code/python_source.h"

namespace cohort::judge {

class Folder {
 public:
  std::optional<Value> fold(const Node& node);
  void assign(const std::string& name, Value value) { names_[name] = std::move(value); }
  bool knows(const std::string& name) const { return names_.contains(name); }

 private:
  std::optional<Value> fold_items(const Node& node, Value::Kind kind);
  std::optional<Value> fold_unary(const Node& node);
  std::optional<Value> fold_binary(const Node& node);
  std::optional<Value> fold_compare(const Node& node);
  std::optional<Value> fold_logic(const Node& node);
  std::optional<Value> fold_call(const Node& node);
  std::optional<Value> fold_comprehension(const Node& node);

  std::map<std::string, Value> names_;
  size_t steps_ = 0;
};

}  // namespace cohort::judge
