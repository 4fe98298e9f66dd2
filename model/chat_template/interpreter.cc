// Statements; expressions are in evaluate.cc.
#include "model/chat_template/interpreter.h"

#include <fmt/format.h>

#include "model/chat_template/compare.h"
#include "model/chat_template/loops.h"
#include "model/chat_template/nested_calls.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {

using Tag = Statement::Kind;

Interpreter::Interpreter(const Program& program, Heap& heap, std::shared_ptr<Dict> variables,
                         std::optional<std::tm> now)
    : program_(program), heap_(heap), variables_(std::move(variables)), now_(now) {}

std::string Interpreter::run() {
  auto scope = make_scope(program_.scope, nullptr);
  enter(program_.scope, *scope);
  return capture(program_.body, scope);
}

std::shared_ptr<Scope> Interpreter::make_scope(const Layout& layout,
                                               const std::shared_ptr<Scope>& parent) {
  auto scope = std::make_shared<Scope>();
  scope->slots.assign(layout.slots, Value::missing());
  scope->parent = parent;
  return scope;
}

void Interpreter::enter(const Layout& layout, Scope& scope) {
  for (const Load& load : layout.loads) {
    Value& slot = scope.slots[load.slot];
    switch (load.from) {
      case Load::From::kParameter:
        break;
      case Load::From::kNothing:
        slot = Value::missing();
        break;
      case Load::From::kOuter:
        slot = slot_in(scope.parent, load.outer);
        break;
      case Load::From::kContext:
        if (const Value* given = variables_->find(load.name))
          slot = *given;
        else if (const Function* function = find_function(load.name))
          slot = Value(Kind::kFunction, std::make_shared<Function>(*function));
        else
          slot = Value::missing();
    }
  }
}

void Interpreter::leave(Scope& scope) {
  for (Value& slot : scope.slots) slot = Value::missing();
}

std::string Interpreter::capture(const Block& block, const std::shared_ptr<Scope>& scope) {
  const Nested nested(*this);
  std::string out;
  std::string* const before = std::exchange(out_, &out);
  execute(block, scope);
  out_ = before;
  return out;
}

void Interpreter::print(std::string_view text) {
  heap_.read(text.size());
  if (static_cast<int64_t>(out_->size() + text.size()) > heap_.limits().output)
    throw Fault(fmt::format("more than {} bytes of text", heap_.limits().output));
  *out_ += text;
}

void Interpreter::print(const Value& value) {
  if (value.is(Kind::kText))
    print(std::string_view(value.bytes()));
  else
    print(std::string_view(text_of(heap_, value)));
}

Interpreter::Flow Interpreter::execute(const Block& block, const std::shared_ptr<Scope>& scope) {
  for (const auto& statement : block) {
    const Flow flow = execute(*statement, scope);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::execute(const Statement& s, const std::shared_ptr<Scope>& scope) {
  const Nested nested(*this);
  heap_.step();
  line_ = s.line;
  switch (s.kind) {
    case Tag::kText:
      print(std::string_view(s.text));
      return Flow::kNext;
    case Tag::kOutput:
      print(evaluate(*s.value, scope));
      return Flow::kNext;
    case Tag::kIf:
      return execute(is_true(evaluate(*s.test, scope)) ? s.body : s.otherwise, scope);
    case Tag::kFor:
      if (!s.recursive) return execute_for(s, scope, evaluate(*s.value, scope), 0);
      print(render_loop(s, scope, evaluate(*s.value, scope), 0));
      return Flow::kNext;
    case Tag::kSet:
      check_namespaces(*s.target, scope);
      assign(*s.target, scope, evaluate(*s.value, scope));
      return Flow::kNext;
    case Tag::kMacro:
      slot_in(scope, s.slot) = make_macro(*this, s, scope);
      return Flow::kNext;
    case Tag::kCallBlock:
      print(evaluate_call(*s.value, scope, make_macro(*this, s, scope)));
      return Flow::kNext;
    case Tag::kGeneration:
      print(call(make_macro(*this, s, scope), {}));
      return Flow::kNext;
    case Tag::kSetBlock:
    case Tag::kFilterBlock:
      return execute_captured(s, scope);
    case Tag::kWith: {
      auto inner = make_scope(s.scope, scope);
      enter(s.scope, *inner);
      for (size_t i = 0; i < s.targets.size(); ++i)
        assign(*s.targets[i], inner, evaluate(*s.values[i], scope));
      const Flow flow = execute(s.body, inner);
      leave(*inner);
      return flow;
    }
    case Tag::kBreak:
      return Flow::kBreak;
    case Tag::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::execute_captured(const Statement& s,
                                                const std::shared_ptr<Scope>& scope) {
  auto inner = make_scope(s.scope, scope);
  enter(s.scope, *inner);
  std::string text;
  std::string* const before = std::exchange(out_, &text);
  const Flow flow = execute(s.body, inner);
  out_ = before;
  if (flow != Flow::kNext) return flow;  // what was printed so far is lost, as in Jinja
  const Value value =
      s.value ? evaluate_filter(*s.value, inner, &text) : heap_.text(std::move(text));
  if (s.kind == Tag::kFilterBlock)
    print(value);
  else
    assign(*s.target, scope, value);
  leave(*inner);
  return Flow::kNext;
}

std::shared_ptr<Iterator> Interpreter::filtered(const Statement& s,
                                                const std::shared_ptr<Scope>& outer,
                                                const Value& over) {
  // Lazy: the test may read what the body sets.
  auto items = iterate(heap_, over);
  std::shared_ptr<Scope> scope;
  return generator(heap_, over,
                   [this, &s, outer, items, scope](Value& item) mutable {
                     if (!scope) {
                       scope = make_scope(s.test_scope, outer);
                       enter(s.test_scope, *scope);
                     }
                     while (items->next(item)) {
                       assign(*s.test_target, scope, item);
                       if (is_true(evaluate(*s.test, scope))) return true;
                     }
                     return false;
                   })
      .share<Iterator>();
}

Interpreter::Flow Interpreter::execute_for(const Statement& s, const std::shared_ptr<Scope>& scope,
                                           const Value& over, int depth) {
  auto inner = make_scope(s.scope, scope);
  auto items = s.test ? filtered(s, scope, over) : iterate(heap_, over);
  std::shared_ptr<Loop> loop;
  if (s.loop_slot >= 0) {
    const Value counted = s.test ? Value(Kind::kIterator, items) : over;
    loop = std::make_shared<Loop>(heap_, counted, items, depth);
    if (s.recursive) {
      loop->statement = &s;
      loop->around = scope;
    }
    heap_.charge(256);
  }
  // Jinja's else runs unless a round came to its end: one that breaks or continues does not count.
  bool completed = false;
  Iterator& source = loop ? static_cast<Iterator&>(*loop) : *items;
  for (Value item; source.next(item);) {
    heap_.step();
    assign(*s.target, inner, item);
    if (loop) inner->slots[s.loop_slot] = Value(Kind::kLoop, loop);
    enter(s.scope, *inner);
    const Flow flow = execute(s.body, inner);
    if (flow == Flow::kBreak) break;
    if (flow == Flow::kNext) completed = true;
    line_ = s.line;
  }
  leave(*inner);
  if (completed || s.otherwise.empty()) return Flow::kNext;
  auto otherwise = make_scope(s.else_scope, scope);
  enter(s.else_scope, *otherwise);
  const Flow flow = execute(s.otherwise, otherwise);
  leave(*otherwise);
  return flow;
}

std::string Interpreter::render_loop(const Statement& s, const std::shared_ptr<Scope>& scope,
                                     const Value& over, int depth) {
  std::string out;
  std::string* const before = std::exchange(out_, &out);
  execute_for(s, scope, over, depth);
  out_ = before;
  return out;
}

void Interpreter::check_namespaces(const Expr& target, const std::shared_ptr<Scope>& scope) {
  if (target.kind == Expr::Kind::kNamespaceTarget &&
      !slot_in(scope, target.slot).is(Kind::kNamespace))
    throw Fault("cannot assign attribute on non-namespace object");
  for (const ExprPtr& part : target.parts) check_namespaces(*part, scope);
}

void Interpreter::assign(const Expr& target, const std::shared_ptr<Scope>& scope,
                         const Value& value) {
  if (target.kind == Expr::Kind::kName) {
    slot_in(scope, target.slot) = value;
    return;
  }
  if (target.kind == Expr::Kind::kNamespaceTarget) {
    const Value object = slot_in(scope, target.slot);
    if (!object.is(Kind::kNamespace)) throw Fault("only a namespace's attributes can be set");
    if (target.attribute.starts_with("_"))
      throw Fault(fmt::format("a namespace takes no attribute that begins with an underscore: '{}'",
                              target.attribute));
    object.get<Namespace>().attributes.set(heap_, heap_.text(target.attribute), value);
    return;
  }
  std::vector<Value> items;
  const auto source = iterate(heap_, value);
  for (Value item; items.size() <= target.parts.size() && source->next(item);)
    items.push_back(item);
  if (items.size() != target.parts.size())
    throw Fault(fmt::format("{} values to unpack (expected {})",
                            items.size() > target.parts.size() ? "too many" : "not enough",
                            target.parts.size()));
  for (size_t i = 0; i < items.size(); ++i) assign(*target.parts[i], scope, items[i]);
}

}  // namespace cohort::chat
