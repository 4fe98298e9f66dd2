// Filters of numbers.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "model/chat_template/arithmetic.h"
#include "model/chat_template/filters.h"
#include "model/chat_template/number_text.h"

namespace cohort::chat {
namespace {

using In = Interpreter&;
using Args = const Arguments&;

Value abs_filter(In, const Value& value, Args arguments) {
  expect_positional(arguments, "abs", 0, 0);
  return absolute(value);
}

// int(value) of a float; nothing where Python raises.
std::optional<int64_t> truncated(double value) {
  if (!std::isfinite(value)) return {};
  if (!(std::abs(value) < 0x1p63)) throw Fault("an integer of more than 64 bits is not supported");
  return static_cast<int64_t>(value);
}

Value int_filter(In, const Value& value, Args arguments) {
  const Bound bound(arguments, "int", {"default", "base"});
  use_defined(value);
  const Value otherwise = bound.value(0, Value::integer(0));
  std::optional<int64_t> out;
  if (value.is(Kind::kText)) {
    // A base that int() does not take counts as text that it does not read.
    const Value base = bound.value(1, Value::integer(10));
    if (base.is_integral()) out = parse_int(value.bytes(), base.as_integer());
    if (!out) {
      const auto real = parse_float(value.bytes());
      if (real) out = truncated(*real);
    }
  } else if (value.is_integral()) {
    out = value.as_integer();
  } else if (value.is(Kind::kFloat)) {
    if (std::isinf(value.as_double())) throw Fault("cannot convert float infinity to integer");
    out = truncated(value.as_double());
  }
  return out ? Value::integer(*out) : otherwise;
}

Value float_filter(In, const Value& value, Args arguments) {
  const Bound bound(arguments, "float", {"default"});
  use_defined(value);
  if (value.is_number()) return Value::real(value.as_double());
  if (value.is(Kind::kText))
    if (const auto real = parse_float(value.bytes())) return Value::real(*real);
  return bound.value(0, Value::real(0));
}

// Python's round(): to the nearest, ties to even, of the exact value.
Value rounded(const Value& value, int64_t precision) {
  if (value.is_integral()) {
    if (precision < 0) throw Fault("round of an integer before its point is not supported");
    return posited(value);
  }
  const double number = value.as_double();
  if (!std::isfinite(number) || precision > 323) return value;
  if (precision < 0) throw Fault("round before the point is not supported");
  std::array<char, 700> digits{};
  std::snprintf(digits.data(), digits.size(), "%.*f", static_cast<int>(precision), number);
  return Value::real(std::strtod(digits.data(), nullptr));
}

Value round_filter(In in, const Value& value, Args arguments) {
  const Bound bound(arguments, "round", {"precision", "method"});
  std::string method = "common";
  if (bound.has(1)) {
    method = bound.at(1).is(Kind::kText) ? bound.at(1).bytes() : "";
    if (method != "common" && method != "ceil" && method != "floor")
      throw Fault("round: method must be common, ceil or floor");
  }
  if (!value.is_number())
    throw Fault(fmt::format("type {} doesn't define __round__ method", type_name(value)));
  if (bound.has(0) && bound.at(0).is(Kind::kNone) && method == "common")
    throw Fault("round to None is not supported");
  const int64_t precision = bound.integer(0, 0);
  if (method == "common") return rounded(value, precision);
  Heap& heap = in.heap();
  const Value scale = binary(heap, "**", Value::integer(10), Value::integer(precision));
  const Value scaled = binary(heap, "*", value, scale);
  Value whole = scaled;
  if (scaled.is(Kind::kFloat)) {
    const double number = scaled.as_double();
    const auto cut = truncated(method == "ceil" ? std::ceil(number) : std::floor(number));
    if (!cut) throw Fault("cannot convert float to integer");
    whole = Value::integer(*cut);
  }
  return binary(heap, "/", whole, scale);
}

struct Entry {
  std::string_view name;
  Filter filter;
};
constexpr std::array<Entry, 4> kFilters = {
    {{"abs", abs_filter}, {"float", float_filter}, {"int", int_filter}, {"round", round_filter}}};

}  // namespace

Filter find_number_filter(std::string_view name) {
  for (const Entry& entry : kFilters)
    if (entry.name == name) return entry.filter;
  return nullptr;
}

}  // namespace cohort::chat
