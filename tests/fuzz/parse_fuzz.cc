// Any bytes: the parser answers within its budget and in time, and so does the search for an
// answer in a completion.
#include "rewards/math/parse/parse.h"
#include "rewards/math/verify.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace cohort::math;

void walk(const Expr& expr, int64_t depth, int64_t& nodes, const BudgetLimits& limits) {
  must(depth <= limits.depth, "deeper than the budget");
  must(++nodes <= limits.nodes, "more nodes than the budget");
  for (const Expr& child : expr.children) walk(child, depth + 1, nodes, limits);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const InTime in_time;
  Budget budget;
  try {
    const Parsed parsed = parse_answer(text, budget);
    must(parsed.expr.has_value() || !parsed.error.empty(), "no tree and no error");
    if (parsed.expr) {
      int64_t nodes = 0;
      walk(*parsed.expr, 1, nodes, budget.limits());
      must(!to_text(*parsed.expr).empty(), "a tree without text");
    }
  } catch (const BudgetExhausted&) {
  }
  must(budget.steps() <= budget.limits().steps + 256, "over the budget of steps");
  verify("5", text);
  verify(text, "\\boxed{5}");
  return 0;
}
