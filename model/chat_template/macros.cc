#include "model/chat_template/macros.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/chat_template/ast.h"
#include "model/chat_template/interpreter.h"

namespace cohort::chat {

Value make_macro(Interpreter& interpreter, const Statement& statement,
                 const std::shared_ptr<Scope>& scope) {
  for (std::shared_ptr<Scope> at = scope; at && !at->kept; at = at->parent) {
    at->kept = true;
    interpreter.heap().keep(at);
  }
  auto macro = std::make_shared<Macro>();
  macro->name = statement.text;
  macro->named = statement.kind == Statement::Kind::kMacro;
  macro->statement = &statement;
  macro->scope = scope;
  return Value(Kind::kMacro, std::move(macro));
}

Value call_macro(Interpreter& interpreter, const Macro& macro, const Arguments& arguments) {
  const Statement& statement = *macro.statement;
  const MacroSyntax& syntax = statement.macro;
  const size_t count = syntax.parameters.size();
  Heap& heap = interpreter.heap();
  auto scope = interpreter.make_scope(statement.scope, macro.scope);
  auto named = arguments.named;

  const size_t given = std::min(count, arguments.positional.size());
  std::vector<Value> values(arguments.positional.begin(), arguments.positional.begin() + given);
  bool found_caller =
      given == count && std::find(syntax.parameters.begin(), syntax.parameters.end(), "caller") !=
                            syntax.parameters.end();
  const auto take = [&](std::string_view name) {
    const auto at = std::find_if(named.begin(), named.end(),
                                 [&](const auto& entry) { return entry.first == name; });
    if (at == named.end()) return Value::missing();
    Value value = std::move(at->second);
    named.erase(at);
    return value;
  };
  for (size_t i = given; i < count; ++i) {
    values.push_back(take(syntax.parameters[i]));
    found_caller = found_caller || syntax.parameters[i] == "caller";
  }
  if (syntax.caller_slot >= 0 && !found_caller) {
    Value caller = take("caller");
    if (caller.is(Kind::kMissing) || caller.is(Kind::kNone))
      caller = Value::undefined("No caller defined");
    scope->slots[syntax.caller_slot] = std::move(caller);
  }
  if (syntax.named_slot >= 0) {
    auto dict = std::make_shared<Dict>();
    for (auto& [name, value] : named) dict->set(heap, heap.text(name), std::move(value));
    scope->slots[syntax.named_slot] = heap.dict(std::move(dict));
  } else if (!named.empty()) {
    throw Fault(
        fmt::format("macro '{}' takes no keyword argument '{}'", macro.name, named.front().first));
  }
  std::vector<Value> rest(arguments.positional.begin() + given, arguments.positional.end());
  if (syntax.positional_slot >= 0)
    scope->slots[syntax.positional_slot] = heap.tuple(std::move(rest));
  else if (!rest.empty())
    throw Fault(fmt::format("macro '{}' takes not more than {} argument(s)", macro.name, count));

  interpreter.enter(statement.scope, *scope);
  for (size_t i = 0; i < count; ++i) scope->slots[syntax.slots[i]] = values[i];
  const size_t first_default = count - syntax.defaults.size();
  for (size_t i = 0; i < count; ++i) {
    Value& slot = scope->slots[syntax.slots[i]];
    if (!slot.is(Kind::kMissing)) continue;
    if (i < first_default) {
      slot = Value::undefined(fmt::format("parameter '{}' was not provided", syntax.parameters[i]));
    } else {
      Value value = interpreter.evaluate(*syntax.defaults[i - first_default], scope);
      scope->slots[syntax.slots[i]] = std::move(value);
    }
  }
  return heap.text(interpreter.capture(statement.body, scope));
}

}  // namespace cohort::chat
