#include "model/chat_template/arithmetic.h"

#include <fmt/format.h>

#include <cmath>

#include "model/chat_template/iterate.h"
#include "model/chat_template/string_format.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {
namespace {

[[noreturn]] void overflow() { throw Fault("integers of more than 64 bits are not supported"); }
[[noreturn]] void divided_by_zero() { throw Fault("division by zero"); }
[[noreturn]] void mismatch(std::string_view op, const Value& a, const Value& b) {
  throw Fault(fmt::format("unsupported operand type(s) for {}: '{}' and '{}'", op, type_name(a),
                          type_name(b)));
}

int64_t floor_divide(int64_t a, int64_t b) {
  if (b == 0) divided_by_zero();
  if (b == -1) {
    int64_t out = 0;
    if (__builtin_sub_overflow(int64_t{0}, a, &out)) overflow();
    return out;
  }
  const int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

int64_t modulo(int64_t a, int64_t b) {
  if (b == 0) divided_by_zero();
  if (b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double modulo(double a, double b) {
  if (b == 0) divided_by_zero();
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (b < 0) != (rest < 0) ? rest + b : rest;
}

double floor_divide(double a, double b) {
  if (b == 0) divided_by_zero();
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

double true_divide(int64_t a, int64_t b) {
  if (b == 0) divided_by_zero();
  constexpr int64_t kExact = int64_t{1} << 53;
  if (a > kExact || a < -kExact || b > kExact || b < -kExact)
    throw Fault("/ of integers beyond 2**53 is not supported");
  return static_cast<double>(a) / static_cast<double>(b);
}

double power(double a, double b) {
  if (a == 0 && b < 0) throw Fault("0.0 cannot be raised to a negative power");
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b))
    throw Fault("complex numbers are not supported");
  const double out = std::pow(a, b);
  if (std::isinf(out) && std::isfinite(a) && std::isfinite(b))
    throw Fault("Numerical result out of range");
  return out;
}

Value power(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return Value::real(power(static_cast<double>(base), static_cast<double>(exponent)));
  if (base == 0 || base == 1) return Value::integer(exponent == 0 ? 1 : base);
  if (base == -1) return Value::integer(exponent % 2 ? -1 : 1);
  int64_t out = 1;
  for (; exponent > 0; --exponent)
    if (__builtin_mul_overflow(out, base, &out)) overflow();
  return Value::integer(out);
}

Value numbers(std::string_view op, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) {
    const int64_t x = a.as_integer(), y = b.as_integer();
    int64_t out = 0;
    if (op == "/") return Value::real(true_divide(x, y));
    if (op == "//") return Value::integer(floor_divide(x, y));
    if (op == "%") return Value::integer(modulo(x, y));
    if (op == "**") return power(x, y);
    if (op == "+"   ? __builtin_add_overflow(x, y, &out)
        : op == "-" ? __builtin_sub_overflow(x, y, &out)
                    : __builtin_mul_overflow(x, y, &out))
      overflow();
    return Value::integer(out);
  }
  const double x = a.as_double(), y = b.as_double();
  if (op == "+") return Value::real(x + y);
  if (op == "-") return Value::real(x - y);
  if (op == "*") return Value::real(x * y);
  if (op == "//") return Value::real(floor_divide(x, y));
  if (op == "%") return Value::real(modulo(x, y));
  if (op == "**") return Value::real(power(x, y));
  if (y == 0) divided_by_zero();
  return Value::real(x / y);
}

Value joined(Heap& heap, const Value& a, const Value& b) {
  if (a.is(Kind::kText)) {
    const bool markup = a.get<Text>().markup || b.get<Text>().markup;
    if (!markup) {
      heap.allow(static_cast<int64_t>(a.bytes().size() + b.bytes().size()));
      heap.read(a.bytes().size() + b.bytes().size());
      return heap.text(a.bytes() + b.bytes());
    }
    return heap.text(escaped(heap, a).bytes() + escaped(heap, b).bytes(), true);
  }
  heap.charge_items(a.items().size() + b.items().size());
  std::vector<Value> items = a.items();
  items.insert(items.end(), b.items().begin(), b.items().end());
  heap.step(static_cast<int64_t>(items.size()));
  return a.is(Kind::kList) ? heap.list(std::move(items)) : heap.tuple(std::move(items));
}

Value repeated(Heap& heap, const Value& value, int64_t count) {
  count = std::max<int64_t>(count, 0);
  const bool text = value.is(Kind::kText);
  const int64_t size = text ? static_cast<int64_t>(value.bytes().size())
                            : static_cast<int64_t>(value.items().size() * sizeof(Value));
  int64_t total = 0;
  if (__builtin_mul_overflow(size, count, &total)) overflow();
  heap.allow(total);
  heap.read(total);
  if (size == 0) count = 0;
  if (text) {
    std::string out;
    out.reserve(total);
    for (; count > 0; --count) out += value.bytes();
    return heap.text(std::move(out), value.get<Text>().markup);
  }
  std::vector<Value> items;
  for (; count > 0; --count) items.insert(items.end(), value.items().begin(), value.items().end());
  return value.is(Kind::kList) ? heap.list(std::move(items)) : heap.tuple(std::move(items));
}

bool is_repeatable(const Value& value) { return value.is(Kind::kText) || value.is_sequence(); }

}  // namespace

Value binary(Heap& heap, std::string_view op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return numbers(op, a, b);
  if (op == "%" && a.is(Kind::kText)) return percent_format(heap, a, b);
  use_defined(a);
  use_defined(b);
  if (op == "+" && is_repeatable(a) && a.kind() == b.kind()) return joined(heap, a, b);
  if (op == "*" && is_repeatable(a) && b.is_integral()) return repeated(heap, a, b.as_integer());
  if (op == "*" && a.is_integral() && is_repeatable(b)) return repeated(heap, b, a.as_integer());
  if (op == "-" && a.is(Kind::kView) && b.is(Kind::kView))
    throw Fault("sets of dict views are not supported");
  mismatch(op, a, b);
}

Value negated(const Value& value) {
  use_defined(value);
  if (value.is(Kind::kFloat)) return Value::real(-value.as_double());
  if (!value.is_integral())
    throw Fault(fmt::format("bad operand type for unary -: '{}'", type_name(value)));
  int64_t out = 0;
  if (__builtin_sub_overflow(int64_t{0}, value.as_integer(), &out)) overflow();
  return Value::integer(out);
}

Value posited(const Value& value) {
  use_defined(value);
  if (!value.is_number())
    throw Fault(fmt::format("bad operand type for unary +: '{}'", type_name(value)));
  return value.is(Kind::kBool) ? Value::integer(value.as_integer()) : value;
}

Value absolute(const Value& value) {
  if (value.is(Kind::kFloat)) return Value::real(std::abs(value.as_double()));
  if (!value.is_integral())
    throw Fault(fmt::format("bad operand type for abs(): '{}'", type_name(value)));
  return value.as_integer() < 0 ? negated(value) : posited(value);
}

}  // namespace cohort::chat
