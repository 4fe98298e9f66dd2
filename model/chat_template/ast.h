// A parsed template. Made by the parser; scopes.h fills in where variables live.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/chat_template/value.h"

namespace cohort::chat {

struct Expr;
struct Statement;
using ExprPtr = std::unique_ptr<Expr>;
using Block = std::vector<std::unique_ptr<Statement>>;

// A variable: `up` scopes outwards, then its slot.
struct Slot {
  int up = 0;
  int index = -1;
};

// f(a, b=c, *d, **e)
struct CallSyntax {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr star, star_star;
};

struct Expr {
  enum class Kind {
    kConstant,         // text, or number
    kName,             // text, slot
    kTuple,            // parts
    kList,             // parts
    kDict,             // parts: key, value, key, value ...
    kAttribute,        // parts[0] . text
    kItem,             // parts[0] [ parts[1] ]
    kSlice,            // parts[0] [ parts[1] : parts[2] : parts[3] ], null where left out
    kCall,             // parts[0] ( call )
    kFilter,           // parts[0] | text ( call ); parts[0] null: of a block
    kTest,             // parts[0] is text ( call )
    kBinary,           // parts[0] text parts[1]
    kUnary,            // text parts[0]
    kNot,              // parts[0]
    kAnd,              // parts
    kOr,               // parts
    kCompare,          // parts[0] operators[0] parts[1] operators[1] ...
    kConcat,           // parts
    kConditional,      // parts[1] if parts[0] else parts[2] (null where left out)
    kNamespaceTarget,  // text . attribute, to be set; slot is the namespace's
  };
  Kind kind;
  int line;
  std::string text;
  Value constant;
  std::vector<ExprPtr> parts;
  std::vector<std::string> operators;
  std::string attribute;
  CallSyntax call;
  Slot slot;
  int depth = 1;  // of the tree below, bounded by the parser
};

// What a scope begins with, in order.
struct Load {
  enum class From { kParameter, kContext, kOuter, kNothing } from;
  int slot;
  Slot outer;
  std::string name;
};
struct Layout {
  int slots = 0;
  std::vector<Load> loads;
};

// Parameters and body of a macro, a call block or a generation block.
struct MacroSyntax {
  std::vector<std::string> parameters;
  std::vector<ExprPtr> defaults;                                // of the last ones
  std::vector<int> slots;                                       // of the parameters
  int caller_slot = -1, named_slot = -1, positional_slot = -1;  // -1: not asked for
};

struct Statement {
  enum class Kind {
    kText,         // text
    kOutput,       // value
    kIf,           // value, body, otherwise (an elif is an if in otherwise)
    kFor,          // for target in value if test: body, else otherwise
    kSet,          // target = value
    kSetBlock,     // target = body through value (a filter, or null)
    kMacro,        // macro, text: its name, slot: its variable
    kCallBlock,    // value: the call; macro: its caller
    kGeneration,   // macro
    kFilterBlock,  // body through value
    kWith,         // targets = values, body
    kBreak,
    kContinue,
  };
  Kind kind;
  int line;
  std::string text;
  ExprPtr target, value, test;
  ExprPtr test_target;  // the target again, in the scope of the test
  Block body, otherwise;
  std::vector<ExprPtr> targets, values;
  bool recursive = false;
  MacroSyntax macro;
  Slot slot;
  Layout scope, test_scope, else_scope;
  int loop_slot = -1;  // of `loop`; -1 where nothing asks for it
};

struct Program {
  Block body;
  Layout scope;
};

}  // namespace cohort::chat
