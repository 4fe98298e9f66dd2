// Template text to tokens, as Jinja's lexer with trim_blocks and lstrip_blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/chat_template/value.h"

namespace cohort::chat {

struct Token {
  enum class Kind {
    kData,
    kBlockBegin,
    kBlockEnd,
    kVariableBegin,
    kVariableEnd,
    kName,
    kText,
    kNumber,
    kOperator,
    kEnd,
  };
  Kind kind;
  int line;
  std::string text;  // of a string: unescaped
  Value number;
};

// Where a fault lies, for the one message that the user gets.
[[noreturn]] void fail_at(const std::string& file, int line, const std::string& message);

// Throws InputError with `file` and line.
std::vector<Token> tokenize(std::string_view source, const std::string& file);

// The value of a string literal, without its quotes. Throws Fault.
std::string unescape_literal(std::string_view text);

}  // namespace cohort::chat
