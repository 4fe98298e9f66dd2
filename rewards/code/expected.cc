#include "rewards/code/expected.h"

#include "rewards/code/python_literal.h"

namespace cohort::judge {

bool meets(const Expected& expected, std::string_view returned) {
  const bool compared =
      expected.form == Expected::Form::equal || expected.form == Expected::Form::sequence;
  LiteralLimits limits;
  // Reading stops as soon as there is too much to be equal.
  if (compared) limits.nodes = count_nodes(expected.value);
  const std::optional<Value> got = parse_literal(returned, limits);
  if (!got) return false;
  switch (expected.form) {
    case Expected::Form::equal:
      return equal_values(expected.value, *got, expected.rules);
    case Expected::Form::truthy:
      return truthy(*got);
    case Expected::Form::falsy:
      return !truthy(*got);
    case Expected::Form::sequence: {
      ValueRules rules = expected.rules;
      Value wanted = expected.value;
      if (got->kind != Value::Kind::list && got->kind != Value::Kind::tuple) return false;
      wanted.kind = got->kind;
      return equal_values(wanted, *got, rules);
    }
    case Expected::Form::any:
      return true;
  }
  return false;
}

}  // namespace cohort::judge
