// Expressions.
#include <fmt/format.h>

#include "model/chat_template/arithmetic.h"
#include "model/chat_template/attributes.h"
#include "model/chat_template/compare.h"
#include "model/chat_template/filters.h"
#include "model/chat_template/interpreter.h"
#include "model/chat_template/loops.h"
#include "model/chat_template/nested_calls.h"
#include "model/chat_template/predicates.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {

using enum Expr::Kind;

Value Interpreter::variable(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  const Value& value = slot_in(scope, expr.slot);
  if (!value.is(Kind::kMissing)) return value;
  return Value::undefined(fmt::format("'{}' is undefined", expr.text));
}

Value Interpreter::evaluate(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  const Nested nested(*this);
  heap_.step();
  line_ = expr.line;
  const auto part = [&](size_t index) { return evaluate(*expr.parts[index], scope); };
  const auto part_or_none = [&](size_t index) {
    return expr.parts[index] ? part(index) : Value::none();
  };
  switch (expr.kind) {
    case kConstant:
      return expr.constant;
    case kName:
      return variable(expr, scope);
    case kTuple:
    case kList: {
      std::vector<Value> items;
      for (size_t i = 0; i < expr.parts.size(); ++i) items.push_back(part(i));
      return expr.kind == kList ? heap_.list(std::move(items)) : heap_.tuple(std::move(items));
    }
    case kDict:
      return evaluate_dict(expr, scope);
    case kAttribute:
      return get_attribute(*this, part(0), expr.text);
    case kItem: {
      const Value object = part(0);
      return get_item(*this, object, part(1));
    }
    case kSlice: {
      const Value object = part(0);
      const Value start = part_or_none(1);
      const Value stop = part_or_none(2);
      return get_slice(heap_, object, start, stop, part_or_none(3));
    }
    case kCall:
      return evaluate_call(expr, scope, Value::missing());
    case kFilter:
      return evaluate_filter(expr, scope, nullptr);
    case kTest: {
      const Value value = part(0);
      return Value::boolean(apply_test(expr.text, value, evaluate_arguments(expr.call, scope)));
    }
    case kBinary: {
      const Value left = part(0);
      const Value right = part(1);
      line_ = expr.line;
      return binary(heap_, expr.text, left, right);
    }
    case kUnary:
      return expr.text == "-" ? negated(part(0)) : posited(part(0));
    case kNot:
      return Value::boolean(!is_true(part(0)));
    case kAnd:
    case kOr: {
      Value value;
      for (size_t i = 0; i < expr.parts.size(); ++i) {
        value = part(i);
        if (is_true(value) == (expr.kind == kOr)) break;
      }
      return value;
    }
    case kCompare:
      return evaluate_compare(expr, scope);
    case kConcat:
      return evaluate_concat(expr, scope);
    case kConditional:
      if (is_true(part(0))) return part(1);
      if (expr.parts[2]) return part(2);
      return Value::undefined(
          "the inline if-expression evaluated to false and no else section was defined");
    case kNamespaceTarget:
      break;
  }
  throw Fault("not an expression");
}

Value Interpreter::evaluate_dict(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  auto dict = std::make_shared<Dict>();
  for (size_t i = 0; i < expr.parts.size(); i += 2) {
    const Value key = evaluate(*expr.parts[i], scope);
    dict->set(heap_, key, evaluate(*expr.parts[i + 1], scope));
  }
  return heap_.dict(std::move(dict));
}

Value Interpreter::evaluate_compare(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  Value left = evaluate(*expr.parts[0], scope);
  for (size_t i = 0; i < expr.operators.size(); ++i) {
    const std::string& op = expr.operators[i];
    const Value right = evaluate(*expr.parts[i + 1], scope);
    const auto ordered = [&](Order order) { return in_order(heap_, left, order, right); };
    const bool holds = op == "=="       ? is_equal(heap_, left, right)
                       : op == "!="     ? !is_equal(heap_, left, right)
                       : op == "in"     ? contains(heap_, right, left)
                       : op == "not in" ? !contains(heap_, right, left)
                       : op == "<"      ? ordered(Order::kLess)
                       : op == "<="     ? ordered(Order::kLessEqual)
                       : op == ">"      ? ordered(Order::kGreater)
                                        : ordered(Order::kGreaterEqual);
    if (!holds) return Value::boolean(false);
    left = right;
  }
  return Value::boolean(true);
}

Value Interpreter::evaluate_concat(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  std::vector<Value> values;
  for (const ExprPtr& part : expr.parts) values.push_back(evaluate(*part, scope));
  std::string out;
  for (const Value& value : values) {
    out += text_of(heap_, value);
    heap_.allow(static_cast<int64_t>(out.size()));
  }
  return heap_.text(std::move(out));
}

Arguments Interpreter::evaluate_arguments(const CallSyntax& syntax,
                                          const std::shared_ptr<Scope>& scope) {
  Arguments out;
  for (const ExprPtr& value : syntax.positional) out.positional.push_back(evaluate(*value, scope));
  // Python reads a starred argument before the named ones.
  if (syntax.star)
    for (Value& value : list_of(heap_, evaluate(*syntax.star, scope)))
      out.positional.push_back(std::move(value));
  for (const auto& [name, value] : syntax.named)
    out.named.emplace_back(name, evaluate(*value, scope));
  if (!syntax.star_star) return out;
  const Value more = evaluate(*syntax.star_star, scope);
  if (!more.is(Kind::kDict)) throw Fault("argument after ** must be a mapping");
  for (const auto& [key, value] : more.get<Dict>().entries()) {
    if (!key.is(Kind::kText)) throw Fault("keywords must be strings");
    for (const auto& [name, other] : out.named)
      if (name == key.bytes())
        throw Fault(fmt::format("got multiple values for keyword argument '{}'", name));
    heap_.step(static_cast<int64_t>(out.named.size()));
    out.named.emplace_back(key.bytes(), value);
  }
  return out;
}

Value Interpreter::evaluate_call(const Expr& expr, const std::shared_ptr<Scope>& scope,
                                 Value caller) {
  const Value callee = evaluate(*expr.parts[0], scope);
  Arguments arguments = evaluate_arguments(expr.call, scope);
  if (!caller.is(Kind::kMissing)) {
    for (const auto& [name, value] : arguments.named)
      if (name == "caller") throw Fault("keyword argument repeated: caller");
    arguments.named.emplace_back("caller", std::move(caller));
  }
  line_ = expr.line;
  Value out = call(callee, arguments);
  line_ = expr.line;
  return out;
}

Value Interpreter::call(const Value& callee, const Arguments& arguments) {
  switch (callee.kind()) {
    case Kind::kUndefined:
      use_defined(callee);
      break;
    case Kind::kMacro:
      return call_macro(*this, callee.get<Macro>(), arguments);
    case Kind::kFunction: {
      const Function& function = callee.get<Function>();
      if (!function.call) throw Fault(fmt::format("{}() is not supported", function.name));
      return function.call(*this, arguments);
    }
    case Kind::kMethod: {
      const Method& method = callee.get<Method>();
      if (method.self.is(Kind::kText)) heap_.read(method.self.bytes().size());
      return method.entry->call(*this, method.self, arguments);
    }
    case Kind::kLoop: {
      Loop& loop = callee.get<Loop>();
      const Bound bound(arguments, "loop()", {"iterable"}, 1);
      if (!loop.statement)
        throw Fault("the loop must have the 'recursive' marker to be called recursively");
      return heap_.text(render_loop(*loop.statement, loop.around, bound.at(0), loop.depth0 + 1));
    }
    default:
      break;
  }
  throw Fault(fmt::format("'{}' object is not callable", type_name(callee)));
}

Value Interpreter::evaluate_filter(const Expr& expr, const std::shared_ptr<Scope>& scope,
                                   const std::string* block) {
  const ExprPtr& input = expr.parts[0];
  const Value value = !input  ? heap_.text(*block)
                      : block ? evaluate_filter(*input, scope, block)
                              : evaluate(*input, scope);
  const Arguments arguments = evaluate_arguments(expr.call, scope);
  line_ = expr.line;
  return apply_filter(expr.text, value, arguments);
}

Value Interpreter::apply_filter(const std::string& name, const Value& value,
                                const Arguments& arguments) {
  const Nested nested(*this);
  if (value.is(Kind::kText)) heap_.read(value.bytes().size());
  return call_filter(*this, name, value, arguments);
}

bool Interpreter::apply_test(const std::string& name, const Value& value,
                             const Arguments& arguments) {
  heap_.step();
  return call_test(*this, name, value, arguments);
}

}  // namespace cohort::chat
