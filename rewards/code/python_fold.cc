#include "rewards/code/python_fold.h"

#include <cmath>
#include <limits>

namespace cohort::judge {

namespace {

using Kind = Value::Kind;
using Maybe = std::optional<Value>;

constexpr size_t kMaxSteps = 200'000, kMaxLength = 10'000;

bool is_sequence(const Value& v) {
  return v.kind == Kind::list || v.kind == Kind::tuple || v.kind == Kind::text;
}
// What a copy costs.
size_t size(const Value& v) { return v.text.size() + count_nodes(v); }

// A number as a double, exactly.
bool to_real(const Value& v, double& number) {
  if (v.kind == Kind::real) return number = v.real, true;
  int64_t whole = 0;
  constexpr int64_t kLimit = int64_t{1} << 53;
  if (!to_int64(v, whole) || whole > kLimit || whole < -kLimit) return false;
  number = static_cast<double>(whole);
  return true;
}

Maybe power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  if (exponent < 0 || exponent > 64) return std::nullopt;
  for (int64_t i = 0; i < exponent; ++i)
    if (__builtin_mul_overflow(result, base, &result)) return std::nullopt;
  return make_integer(result);
}

// Python rounds towards minus infinity.
Maybe floor_divide(int64_t a, int64_t b, bool remainder) {
  if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1)) return std::nullopt;
  int64_t quotient = a / b, rest = a % b;
  if (rest != 0 && (rest < 0) != (b < 0)) {
    --quotient;
    rest += b;
  }
  return make_integer(remainder ? rest : quotient);
}

Maybe integer_binary(const std::string& op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  if (op == "+")
    overflow = __builtin_add_overflow(a, b, &result);
  else if (op == "-")
    overflow = __builtin_sub_overflow(a, b, &result);
  else if (op == "*")
    overflow = __builtin_mul_overflow(a, b, &result);
  else if (op == "**")
    return power(a, b);
  else
    return floor_divide(a, b, op == "%");
  if (overflow) return std::nullopt;
  return make_integer(result);
}

Maybe real_binary(const std::string& op, double a, double b) {
  if (op == "+") return make_real(a + b);
  if (op == "-") return make_real(a - b);
  if (op == "*") return make_real(a * b);
  if (op == "/" && b != 0) return make_real(a / b);
  return std::nullopt;
}

Maybe repeat(const Value& sequence, int64_t times) {
  const size_t count = times < 0 ? 0 : static_cast<size_t>(times);
  if (count > kMaxLength || size(sequence) * count > kMaxLength) return std::nullopt;
  Value result{.kind = sequence.kind};
  for (size_t i = 0; i < count; ++i) {
    result.text += sequence.text;
    result.items.insert(result.items.end(), sequence.items.begin(), sequence.items.end());
  }
  return result;
}

Maybe concatenate(Value a, const Value& b) {
  if (size(a) + size(b) > kMaxLength) return std::nullopt;
  a.text += b.text;
  a.items.insert(a.items.end(), b.items.begin(), b.items.end());
  return a;
}

Maybe make_range(const std::vector<Value>& arguments) {
  int64_t bounds[3] = {0, 0, 1};
  if (arguments.empty() || arguments.size() > 3) return std::nullopt;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!to_int64(arguments[i], bounds[arguments.size() == 1 ? 1 : i])) return std::nullopt;
  const auto [start, stop, step] = bounds;
  if (step == 0) return std::nullopt;
  Value range{.kind = Kind::list};
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    range.items.push_back(make_integer(i));
    if (range.items.size() > kMaxLength || __builtin_add_overflow(i, step, &i)) return std::nullopt;
  }
  return range;
}

Maybe sum_integers(const Value& items) {
  int64_t sum = 0;
  for (const Value& item : items.items) {
    int64_t number = 0;
    if (!to_int64(item, number) || __builtin_add_overflow(sum, number, &sum)) return std::nullopt;
  }
  return make_integer(sum);
}

Maybe absolute(Value v) {
  if (v.kind == Kind::real)
    v.real = std::abs(v.real);
  else if (v.kind == Kind::integer && v.text.starts_with('-'))
    v.text.erase(0, 1);
  else if (v.kind != Kind::integer)
    return std::nullopt;
  return v;
}

// float() of a number, "nan" or an infinity.
Maybe to_float(const Value& v) {
  double number = 0;
  if (to_real(v, number)) return make_real(number);
  if (v.kind != Kind::text) return std::nullopt;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (v.text == "inf") return make_real(kInfinity);
  if (v.text == "-inf") return make_real(-kInfinity);
  if (v.text == "nan") return make_real(std::numeric_limits<double>::quiet_NaN());
  return std::nullopt;
}

Maybe call_builtin(const std::string& name, std::vector<Value> arguments) {
  if (name == "range") return make_range(arguments);
  if (name == "set" && arguments.empty()) return Value{.kind = Kind::set};
  if (arguments.size() != 1) return std::nullopt;
  Value& only = arguments[0];
  const bool items = only.kind == Kind::list || only.kind == Kind::tuple;
  if (name == "abs") return absolute(std::move(only));
  if (name == "float") return to_float(only);
  if (name == "str" && only.kind == Kind::integer) return make_text(only.text);
  if (name == "str" && only.kind == Kind::text) return only;
  if (!items) return std::nullopt;
  if (name == "len") return make_integer(static_cast<int64_t>(only.items.size()));
  if (name == "sum") return sum_integers(only);
  if (name == "list")
    only.kind = Kind::list;
  else if (name == "tuple")
    only.kind = Kind::tuple;
  else
    return std::nullopt;
  return std::move(only);
}

}  // namespace

Maybe Folder::fold(const Node& node) {
  if (++steps_ > kMaxSteps) return std::nullopt;
  switch (node.kind) {
    case Node::Kind::constant:
      return node.value;
    case Node::Kind::name:
      if (const auto known = names_.find(node.text); known != names_.end()) {
        steps_ += size(known->second);
        return known->second;
      }
      return std::nullopt;
    case Node::Kind::unary:
      return fold_unary(node);
    case Node::Kind::binary:
      return fold_binary(node);
    case Node::Kind::compare:
      return fold_compare(node);
    case Node::Kind::logic:
      return fold_logic(node);
    case Node::Kind::call:
      return fold_call(node);
    case Node::Kind::list:
      return fold_items(node, Kind::list);
    case Node::Kind::tuple:
      return fold_items(node, Kind::tuple);
    case Node::Kind::set:
      return fold_items(node, Kind::set);
    case Node::Kind::dict:
      return fold_items(node, Kind::dict);
    case Node::Kind::comprehension:
      return fold_comprehension(node);
    case Node::Kind::attribute:
      break;
  }
  return std::nullopt;
}

Maybe Folder::fold_items(const Node& node, Kind kind) {
  Value value{.kind = kind};
  for (const Node& child : node.children) {
    Maybe item = fold(child);
    if (!item) return std::nullopt;
    value.items.push_back(std::move(*item));
  }
  if (kind == Kind::set || kind == Kind::dict) normalize(value);
  return value;
}

Maybe Folder::fold_unary(const Node& node) {
  Maybe value = fold(node.children[0]);
  if (!value) return std::nullopt;
  if (node.text == "not") return make_boolean(!truthy(*value));
  if (value->kind == Kind::real) {
    if (node.text == "-") value->real = -value->real;
    return value;
  }
  if (value->kind != Kind::integer) return std::nullopt;
  if (node.text == "+" || value->text == "0") return value;
  if (value->text.starts_with('-'))
    value->text.erase(0, 1);
  else
    value->text.insert(0, 1, '-');
  return value;
}

Maybe Folder::fold_binary(const Node& node) {
  const Maybe a = fold(node.children[0]), b = fold(node.children[1]);
  if (!a || !b) return std::nullopt;
  const std::string& op = node.text;
  int64_t x = 0, y = 0;
  const bool a_integer = to_int64(*a, x), b_integer = to_int64(*b, y);
  if (a_integer && b_integer && op != "/") return integer_binary(op, x, y);
  if (op == "*" && is_sequence(*a) && b_integer) return repeat(*a, y);
  if (op == "*" && is_sequence(*b) && a_integer) return repeat(*b, x);
  if (op == "+" && is_sequence(*a) && a->kind == b->kind) return concatenate(*a, *b);
  double p = 0, q = 0;
  if (!to_real(*a, p) || !to_real(*b, q)) return std::nullopt;
  return real_binary(op, p, q);
}

Maybe Folder::fold_compare(const Node& node) {
  const Maybe a = fold(node.children[0]), b = fold(node.children[1]);
  int64_t x = 0, y = 0;
  if (!a || !b) return std::nullopt;
  const std::string& op = node.text;
  const bool numbers = to_int64(*a, x) && to_int64(*b, y);
  if (!numbers && (a->kind != b->kind || a->kind == Kind::real)) return std::nullopt;
  const bool equal = equal_values(*a, *b);
  if (op == "==" || op == "!=") return make_boolean(equal == (op == "=="));
  if (!numbers) return std::nullopt;
  const int sign = order(*a, *b);
  if (op == "<") return make_boolean(sign < 0);
  if (op == "<=") return make_boolean(sign <= 0);
  if (op == ">") return make_boolean(sign > 0);
  if (op == ">=") return make_boolean(sign >= 0);
  return std::nullopt;
}

Maybe Folder::fold_logic(const Node& node) {
  Maybe left = fold(node.children[0]);
  if (!left || truthy(*left) == (node.text == "or")) return left;
  return fold(node.children[1]);
}

Maybe Folder::fold_call(const Node& node) {
  const Node& function = node.children[0];
  if (function.kind != Node::Kind::name || knows(function.text)) return std::nullopt;
  std::vector<Value> arguments;
  for (size_t i = 1; i < node.children.size(); ++i) {
    Maybe argument = fold(node.children[i]);
    if (!argument) return std::nullopt;
    arguments.push_back(std::move(*argument));
  }
  return call_builtin(function.text, std::move(arguments));
}

Maybe Folder::fold_comprehension(const Node& node) {
  const Maybe through = fold(node.children[1]);
  if (!through || (through->kind != Kind::list && through->kind != Kind::tuple) || knows(node.text))
    return std::nullopt;
  Value list{.kind = Kind::list};
  bool constant = true;
  for (size_t i = 0; constant && i < through->items.size(); ++i) {
    assign(node.text, through->items[i]);
    bool taken = true;
    for (size_t k = 2; constant && taken && k < node.children.size(); ++k) {
      const Maybe condition = fold(node.children[k]);
      constant = condition.has_value();
      taken = constant && truthy(*condition);
    }
    if (!constant || !taken) continue;
    Maybe item = fold(node.children[0]);
    constant = item.has_value();
    if (constant) list.items.push_back(std::move(*item));
  }
  names_.erase(node.text);
  if (!constant) return std::nullopt;
  return list;
}

}  // namespace cohort::judge
