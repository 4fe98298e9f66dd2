// Renders a template: walks its tree.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/chat_template/arguments.h"
#include "model/chat_template/ast.h"
#include "model/chat_template/heap.h"
#include "model/chat_template/iterate.h"
#include "model/chat_template/macros.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

struct Scope {
  std::vector<Value> slots;
  std::shared_ptr<Scope> parent;
  bool kept = false;  // a macro may hold it
};

class Interpreter {
 public:
  // variables: what the template is given, a dict. now: for strftime_now.
  Interpreter(const Program& program, Heap& heap, std::shared_ptr<Dict> variables,
              std::optional<std::tm> now);
  // Throws Fault; line() is where.
  std::string run();
  int line() const { return line_; }

  Heap& heap() { return heap_; }
  const std::optional<std::tm>& now() const { return now_; }

  Value evaluate(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value call(const Value& callee, const Arguments& arguments);
  // By name, as map() and select() give them. Throws Fault when there is none.
  Value apply_filter(const std::string& name, const Value& value, const Arguments& arguments);
  bool apply_test(const std::string& name, const Value& value, const Arguments& arguments);

  std::shared_ptr<Scope> make_scope(const Layout& layout, const std::shared_ptr<Scope>& parent);
  // Gives the names of a scope the values that they begin with.
  void enter(const Layout& layout, Scope& scope);
  // What a body prints.
  std::string capture(const Block& block, const std::shared_ptr<Scope>& scope);
  std::string render_loop(const Statement& statement, const std::shared_ptr<Scope>& scope,
                          const Value& over, int depth);

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class Nested;

  Flow execute(const Block& block, const std::shared_ptr<Scope>& scope);
  Flow execute(const Statement& statement, const std::shared_ptr<Scope>& scope);
  Flow execute_for(const Statement& statement, const std::shared_ptr<Scope>& scope,
                   const Value& over, int depth);
  Flow execute_captured(const Statement& statement, const std::shared_ptr<Scope>& scope);
  std::shared_ptr<Iterator> filtered(const Statement& statement,
                                     const std::shared_ptr<Scope>& scope, const Value& over);
  void assign(const Expr& target, const std::shared_ptr<Scope>& scope, const Value& value);
  void check_namespaces(const Expr& target, const std::shared_ptr<Scope>& scope);
  void leave(Scope& scope);
  void print(const Value& value);
  void print(std::string_view text);

  Value variable(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value evaluate_call(const Expr& expr, const std::shared_ptr<Scope>& scope, Value caller);
  Value evaluate_filter(const Expr& expr, const std::shared_ptr<Scope>& scope,
                        const std::string* block);
  Value evaluate_compare(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value evaluate_concat(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Value evaluate_dict(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Arguments evaluate_arguments(const CallSyntax& syntax, const std::shared_ptr<Scope>& scope);

  const Program& program_;
  Heap& heap_;
  std::shared_ptr<Dict> variables_;
  std::optional<std::tm> now_;
  std::string* out_ = nullptr;
  int line_ = 1;
  int depth_ = 0;  // Nested
};

// The slot of a variable.
inline Value& slot_in(const std::shared_ptr<Scope>& scope, Slot slot) {
  Scope* at = scope.get();
  for (int i = 0; i < slot.up; ++i) at = at->parent.get();
  return at->slots[slot.index];
}

}  // namespace cohort::chat
