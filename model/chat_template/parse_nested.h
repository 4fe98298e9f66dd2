#pragma once

#include "model/chat_template/parser.h"

namespace cohort::chat {

// Python, which Jinja writes its templates in, reads at most 200 parentheses inside each other.
inline constexpr int kMaxNesting = 200;

class Parser::Nested {
 public:
  explicit Nested(Parser& parser) : parser_(parser) {
    if (++parser_.depth_ > kMaxNesting) {
      --parser_.depth_;
      parser_.fail("nested too deeply");
    }
  }
  ~Nested() { --parser_.depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  Parser& parser_;
};

}  // namespace cohort::chat
