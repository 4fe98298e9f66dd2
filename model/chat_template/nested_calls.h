#pragma once

#include <fmt/format.h>

#include "model/chat_template/interpreter.h"

namespace cohort::chat {

// Statements, expressions and calls inside each other, which take the processor's stack.
class Interpreter::Nested {
 public:
  explicit Nested(Interpreter& interpreter) : interpreter_(interpreter) {
    if (interpreter_.depth_ >= interpreter_.heap_.limits().nesting)
      throw Fault(fmt::format("more than {} calls and expressions inside each other",
                              interpreter_.heap_.limits().nesting));
    ++interpreter_.depth_;
  }
  ~Nested() { --interpreter_.depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  Interpreter& interpreter_;
};

}  // namespace cohort::chat
