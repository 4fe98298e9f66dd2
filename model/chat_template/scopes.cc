#include "model/chat_template/scopes.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "model/chat_template/filters.h"
#include "model/chat_template/lexer.h"
#include "model/chat_template/predicates.h"

namespace cohort::chat {
namespace {

using Tag = Statement::Kind;

// The names of one scope, or what a branch of an if adds to them.
class Symbols {
 public:
  explicit Symbols(const Symbols* parent)
      : parent_(parent), slots_(std::make_shared<std::unordered_map<std::string, int>>()) {}
  static Symbols branch_of(const Symbols& base) {
    Symbols out(base.parent_);
    out.base_ = &base;
    out.slots_ = base.slots_;
    return out;
  }

  bool knows(const std::string& name) const { return own(name) || outer_knows(name); }
  void load(const std::string& name) {
    if (!knows(name)) define(name, Load::From::kContext);
  }
  void store(const std::string& name) {
    stores_.insert(name);
    if (own(name)) return;
    define(name, outer_knows(name) ? Load::From::kOuter : Load::From::kNothing);
  }
  int parameter(const std::string& name) {
    stores_.insert(name);
    return define(name, Load::From::kParameter);
  }

  // What the branches of an if add. A name that only some of them set keeps its outer value.
  void merge(const std::vector<Symbols>& branches) {
    std::set<std::string> stored;
    for (const Symbols& branch : branches)
      for (const std::string& name : branch.stores_)
        if (!stores(name)) stored.insert(name);
    for (const Symbols& branch : branches) {
      for (const auto& [name, from] : branch.refs_) refs_[name] = from;
      stores_.insert(branch.stores_.begin(), branch.stores_.end());
    }
    for (const std::string& name : stored)
      refs_[name] = outer_knows(name) ? Load::From::kOuter : Load::From::kContext;
  }

  std::optional<Slot> find(const std::string& name) const {
    int up = 0;
    for (const Symbols* at = this; at; at = at->parent_, ++up)
      if (at->own(name)) return Slot{up, at->slots_->at(name)};
    return {};
  }

  // Whether it is what the template was given, or a global.
  bool is_given(const std::string& name) const {
    if (const Load::From* from = own(name)) return *from == Load::From::kContext;
    return parent_ && parent_->is_given(name);
  }

  Layout layout() const {
    Layout out;
    out.slots = static_cast<int>(slots_->size());
    for (const auto& [name, from] : refs_) {
      Load load{from, slots_->at(name), {}, name};
      if (from == Load::From::kOuter) load.outer = parent_->find(name).value();
      out.loads.push_back(std::move(load));
    }
    return out;
  }

 private:
  const Load::From* own(const std::string& name) const {
    for (const Symbols* at = this; at; at = at->base_)
      if (const auto found = at->refs_.find(name); found != at->refs_.end()) return &found->second;
    return nullptr;
  }
  bool stores(const std::string& name) const {
    return stores_.contains(name) || (base_ && base_->stores(name));
  }
  bool outer_knows(const std::string& name) const { return parent_ && parent_->knows(name); }
  int define(const std::string& name, Load::From from) {
    refs_[name] = from;
    return slots_->try_emplace(name, static_cast<int>(slots_->size())).first->second;
  }

  const Symbols* parent_;
  const Symbols* base_ = nullptr;
  std::map<std::string, Load::From> refs_;
  std::set<std::string> stores_;
  std::shared_ptr<std::unordered_map<std::string, int>> slots_;
};

void each_part(const Expr& expr, const std::function<void(Expr&)>& visit) {
  for (const ExprPtr& part : expr.parts)
    if (part) visit(*part);
  for (const ExprPtr& part : expr.call.positional) visit(*part);
  for (const auto& [name, part] : expr.call.named) visit(*part);
  if (expr.call.star) visit(*expr.call.star);
  if (expr.call.star_star) visit(*expr.call.star_star);
}

// ---- which names a body only reads ----

// Jinja's find_undeclared: of `wanted`, the names that are read before a body sets them.
class Undeclared {
 public:
  explicit Undeclared(std::set<std::string> wanted) : wanted_(std::move(wanted)) {}

  std::set<std::string> of(const Block& block) {
    visit(block);
    return found_;
  }

 private:
  void name(const std::string& name, bool load) {
    if (load && wanted_.contains(name))
      found_.insert(name);
    else
      wanted_.erase(name);
  }
  void visit(const Expr& expr, bool load = true) {
    if (expr.kind == Expr::Kind::kName) name(expr.text, load);
    each_part(expr, [&](const Expr& part) { visit(part, load); });
  }
  void visit(const ExprPtr& expr, bool load = true) {
    if (expr) visit(*expr, load);
  }
  void visit(const Block& block) {
    for (const auto& statement : block) visit(*statement);
  }
  void visit(const MacroSyntax& macro) {
    for (const std::string& parameter : macro.parameters) name(parameter, false);
    for (const ExprPtr& value : macro.defaults) visit(value);
  }
  void visit(const Statement& s) {
    if (s.kind == Tag::kCallBlock) visit(s.value);
    visit(s.target, false);
    if (s.kind == Tag::kIf) visit(s.test);
    if (s.kind != Tag::kCallBlock && s.kind != Tag::kFilterBlock) visit(s.value);
    visit(s.macro);
    for (const ExprPtr& target : s.targets) visit(target, false);
    for (const ExprPtr& value : s.values) visit(value);
    visit(s.body);
    visit(s.otherwise);
    if (s.kind == Tag::kFor) visit(s.test);
    if (s.kind == Tag::kFilterBlock) visit(s.value);
  }

  std::set<std::string> wanted_, found_;
};

// ---- which names a scope owns ----

class Collector {
 public:
  explicit Collector(Symbols& symbols) : symbols_(&symbols) {}

  void load(const Expr& expr) {
    if (expr.kind == Expr::Kind::kName || expr.kind == Expr::Kind::kNamespaceTarget)
      symbols_->load(expr.text);
    each_part(expr, [&](const Expr& part) { load(part); });
  }
  void load(const ExprPtr& expr) {
    if (expr) load(*expr);
  }
  void store(const Expr& target) {
    if (target.kind == Expr::Kind::kNamespaceTarget) symbols_->load(target.text);
    if (target.kind == Expr::Kind::kName) symbols_->store(target.text);
    for (const ExprPtr& part : target.parts) store(*part);
  }
  void parameters(const Expr& target) {
    if (target.kind == Expr::Kind::kName) symbols_->parameter(target.text);
    for (const ExprPtr& part : target.parts) parameters(*part);
  }
  void body(const Block& block) {
    for (const auto& statement : block) collect(*statement);
  }

 private:
  void collect(const Statement& s) {
    switch (s.kind) {
      case Tag::kIf: {
        load(s.test);
        Symbols* outer = symbols_;
        std::vector<Symbols> branches(2, Symbols::branch_of(*outer));
        symbols_ = &branches[0];
        body(s.body);
        symbols_ = &branches[1];
        body(s.otherwise);
        symbols_ = outer;
        return symbols_->merge(branches);
      }
      case Tag::kSet:
        load(s.value);
        return store(*s.target);
      case Tag::kSetBlock:
        return store(*s.target);
      case Tag::kMacro:
        return symbols_->store(s.text);
      case Tag::kWith:
        for (const ExprPtr& value : s.values) load(value);
        return;
      case Tag::kOutput:
      case Tag::kFor:
      case Tag::kCallBlock:
      case Tag::kFilterBlock:
        return load(s.value);
      default:
        return;
    }
  }

  Symbols* symbols_;
};

// ---- putting it into the tree ----

class Resolver {
 public:
  explicit Resolver(const std::string& file) : file_(file) {}

  void run(Program& program) {
    Symbols root(nullptr);
    Collector(root).body(program.body);
    program.scope = root.layout();
    place(program.body, root, {});
  }

 private:
  // soft: under an if, where an unknown filter is an error only when it is reached.
  struct Frame {
    bool soft = false, in_loop = false;
  };

  void place(Block& block, const Symbols& symbols, Frame frame) {
    for (const auto& statement : block) {
      try {
        place(*statement, symbols, frame);
      } catch (const Fault& fault) {
        fail_at(file_, statement->line, fault.what());
      }
    }
  }

  static Slot slot_of(const std::string& name, const Symbols& symbols) {
    const auto slot = symbols.find(name);
    if (!slot)
      throw Fault(fmt::format("Jinja cannot place the name '{}', which is read here alone", name));
    if (name == "self" && symbols.is_given(name))
      throw Fault("the variable 'self' is not supported");
    return *slot;
  }

  void place(Expr& expr, const Symbols& symbols, Frame frame) {
    if (expr.kind == Expr::Kind::kName || expr.kind == Expr::Kind::kNamespaceTarget)
      expr.slot = slot_of(expr.text, symbols);
    if (expr.kind == Expr::Kind::kConditional) frame.soft = true;
    if (expr.kind == Expr::Kind::kFilter) check_filter_name(expr.text, frame.soft);
    if (expr.kind == Expr::Kind::kTest) check_test_name(expr.text, frame.soft);
    each_part(expr, [&](Expr& part) { place(part, symbols, frame); });
  }
  void place(const ExprPtr& expr, const Symbols& symbols, Frame frame) {
    if (expr) place(*expr, symbols, frame);
  }

  void place(Statement& s, const Symbols& symbols, Frame frame) {
    const Frame inner{.soft = false, .in_loop = frame.in_loop};
    switch (s.kind) {
      case Tag::kText:
        return;
      case Tag::kOutput:
        return place(s.value, symbols, frame);
      case Tag::kIf:
        frame.soft = true;
        place(s.test, symbols, frame);
        place(s.body, symbols, frame);
        return place(s.otherwise, symbols, frame);
      case Tag::kFor:
        return place_for(s, symbols, frame);
      case Tag::kSet:
        place(s.target, symbols, frame);
        return place(s.value, symbols, frame);
      case Tag::kSetBlock:
      case Tag::kFilterBlock: {
        Symbols own(&symbols);
        Collector(own).body(s.body);
        s.scope = own.layout();
        place(s.body, own, inner);
        place(s.target, symbols, frame);
        return place(s.value, own, inner);
      }
      case Tag::kMacro:
        s.slot = slot_of(s.text, symbols);
        return place_macro(s, symbols);
      case Tag::kCallBlock:
        place_macro(s, symbols);
        return place(s.value, symbols, frame);
      case Tag::kGeneration:
        return place_macro(s, symbols);
      case Tag::kWith: {
        Symbols own(&symbols);
        Collector collector(own);
        for (const ExprPtr& target : s.targets) collector.parameters(*target);
        collector.body(s.body);
        s.scope = own.layout();
        for (const ExprPtr& target : s.targets) place(target, own, inner);
        for (const ExprPtr& value : s.values) place(value, symbols, frame);
        return place(s.body, own, inner);
      }
      case Tag::kBreak:
      case Tag::kContinue:
        if (!frame.in_loop)
          throw Fault(s.kind == Tag::kBreak ? "'break' outside a loop"
                                            : "'continue' outside a loop");
        return;
    }
  }

  void place_for(Statement& s, const Symbols& symbols, Frame frame) {
    if (sets_loop(*s.target) || sets_loop(s.body) || sets_loop(s.otherwise))
      throw Fault("cannot assign to the special variable 'loop' in a for loop");
    Symbols own(&symbols);
    if (s.recursive || Undeclared({"loop"}).of(s.body).contains("loop"))
      s.loop_slot = own.parameter("loop");
    Collector collector(own);
    collector.parameters(*s.target);
    collector.body(s.body);
    s.scope = own.layout();
    place(s.target, own, frame);
    place(s.value, symbols, frame);
    place(s.body, own, {.soft = false, .in_loop = true});

    Symbols otherwise(&symbols);
    Collector(otherwise).body(s.otherwise);
    s.else_scope = otherwise.layout();
    place(s.otherwise, otherwise, {.soft = false, .in_loop = frame.in_loop && !s.recursive});

    if (!s.test) return;
    Symbols test(&symbols);
    Collector test_collector(test);
    test_collector.parameters(*s.test_target);
    test_collector.load(s.test);
    s.test_scope = test.layout();
    place(s.test_target, test, {});
    place(s.test, test, {});
  }

  void place_macro(Statement& s, const Symbols& symbols) {
    MacroSyntax& macro = s.macro;
    Symbols own(&symbols);
    for (const std::string& parameter : macro.parameters) own.parameter(parameter);
    std::set<std::string> given(macro.parameters.begin(), macro.parameters.end());
    const std::set<std::string> asked = Undeclared({"caller", "kwargs", "varargs"}).of(s.body);
    if (asked.contains("caller")) {
      if (!given.contains("caller")) {
        macro.caller_slot = own.parameter("caller");
      } else {
        const size_t from = macro.parameters.size() - macro.defaults.size();
        for (size_t i = 0; i < from; ++i)
          if (macro.parameters[i] == "caller")
            throw Fault("the special argument 'caller' must be omitted or be given a default");
      }
    }
    if (asked.contains("kwargs") && !given.contains("kwargs"))
      macro.named_slot = own.parameter("kwargs");
    if (asked.contains("varargs") && !given.contains("varargs"))
      macro.positional_slot = own.parameter("varargs");
    Collector collector(own);
    for (const ExprPtr& value : macro.defaults) collector.load(value);
    collector.body(s.body);
    s.scope = own.layout();
    for (const std::string& parameter : macro.parameters)
      macro.slots.push_back(slot_of(parameter, own).index);
    for (const ExprPtr& value : macro.defaults) place(value, own, {});
    place(s.body, own, {});
  }

  static bool sets_loop(const Expr& target) {
    if (target.kind == Expr::Kind::kName) return target.text == "loop";
    for (const ExprPtr& part : target.parts)
      if (sets_loop(*part)) return true;
    return false;
  }
  static bool sets_loop(const Block& block) {
    for (const auto& s : block) {
      const bool stores = s->kind == Tag::kFor || s->kind == Tag::kSet || s->kind == Tag::kSetBlock;
      if ((stores && sets_loop(*s->target)) || sets_loop(s->body) || sets_loop(s->otherwise))
        return true;
    }
    return false;
  }

  const std::string& file_;
};

}  // namespace

void resolve_scopes(Program& program, const std::string& file) { Resolver(file).run(program); }

}  // namespace cohort::chat
