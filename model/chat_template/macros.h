// Macros, and the functions and methods that a template can call.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "model/chat_template/arguments.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

class Interpreter;
struct Scope;
struct Statement;

struct Macro : Object {
  std::string name;
  bool named = false;  // a call block's is anonymous
  const Statement* statement = nullptr;
  std::shared_ptr<Scope> scope;  // it was made in
};

// Null `call`: known to Jinja or Python and not supported here.
struct Function : Object {
  std::string_view name;
  Value (*call)(Interpreter& interpreter, const Arguments& arguments) = nullptr;
};

struct MethodEntry {
  std::string_view name;
  Value (*call)(Interpreter& interpreter, const Value& self, const Arguments& arguments);
};

struct Method : Object {
  Value self;
  const MethodEntry* entry = nullptr;
};

Value make_macro(Interpreter& interpreter, const Statement& statement,
                 const std::shared_ptr<Scope>& scope);
Value call_macro(Interpreter& interpreter, const Macro& macro, const Arguments& arguments);

// A global function of templates; null when there is none of that name.
const Function* find_function(std::string_view name);

}  // namespace cohort::chat
