#include "rewards/code/python_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace cohort::judge {

namespace {

using Kind = Value::Kind;

bool is_number(const Value& v) { return v.kind == Kind::integer || v.kind == Kind::real; }
bool is_nan(const Value& v) { return v.kind == Kind::real && std::isnan(v.real); }

int sign_of(int64_t difference) { return difference < 0 ? -1 : difference > 0 ? 1 : 0; }

int order_integers(std::string_view a, std::string_view b) {
  const bool a_negative = a.starts_with('-'), b_negative = b.starts_with('-');
  if (a_negative != b_negative) return a_negative ? -1 : 1;
  int larger = 0;
  if (a.size() != b.size())
    larger = a.size() < b.size() ? -1 : 1;
  else
    larger = sign_of(a.compare(b));
  return a_negative ? -larger : larger;
}

// Exact: the double's integral part is printed in full, never the integer rounded.
int order_integer_real(const std::string& integer, double real) {
  if (std::isinf(real)) return real > 0 ? -1 : 1;
  const double whole = std::trunc(real);
  const std::string digits = fmt::format("{:.0f}", whole + 0.0);  // -0.0 + 0.0 is 0.0
  const int by_whole = order_integers(integer, digits);
  if (by_whole != 0) return by_whole;
  const double rest = real - whole;
  return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

int order_numbers(const Value& a, const Value& b) {
  if (is_nan(a) || is_nan(b)) return sign_of(int64_t{is_nan(a)} - int64_t{is_nan(b)});
  if (a.kind == Kind::integer && b.kind == Kind::integer) return order_integers(a.text, b.text);
  if (a.kind == Kind::integer) return order_integer_real(a.text, b.real);
  if (b.kind == Kind::integer) return -order_integer_real(b.text, a.real);
  return a.real < b.real ? -1 : a.real > b.real ? 1 : 0;
}

int rank(const Value& v) {
  return v.kind == Kind::real ? static_cast<int>(Kind::integer) : static_cast<int>(v.kind);
}

double as_double(const Value& v) {
  if (v.kind == Kind::real) return v.real;
  double number = 0;
  const auto [end, error] = std::from_chars(v.text.data(), v.text.data() + v.text.size(), number);
  return error == std::errc() ? number : std::numeric_limits<double>::infinity();
}

bool equal_items(const Value& expected, const Value& got, const ValueRules& rules) {
  if (expected.items.size() != got.items.size()) return false;
  for (size_t i = 0; i < expected.items.size(); ++i)
    if (!equal_values(expected.items[i], got.items[i], rules)) return false;
  return true;
}

// The places of a set's elements or a dict's pairs, in the order of the elements or keys.
std::vector<size_t> sorted_places(const Value& value, size_t step) {
  std::vector<size_t> places(value.items.size() / step);
  std::iota(places.begin(), places.end(), size_t{0});
  std::ranges::stable_sort(places, [&](size_t a, size_t b) {
    return order(value.items[a * step], value.items[b * step]) < 0;
  });
  return places;
}

bool equal_dicts(const Value& expected, const Value& got, const ValueRules& rules) {
  if (expected.items.size() != got.items.size()) return false;
  const std::vector<size_t> a = sorted_places(expected, 2), b = sorted_places(got, 2);
  for (size_t i = 0; i < a.size(); ++i)
    if (!equal_values(expected.items[2 * a[i]], got.items[2 * b[i]]) ||
        !equal_values(expected.items[2 * a[i] + 1], got.items[2 * b[i] + 1], rules))
      return false;
  return true;
}

}  // namespace

Value make_boolean(bool truth) { return {.kind = Kind::boolean, .truth = truth}; }
Value make_integer(int64_t number) {
  return {.kind = Kind::integer, .text = std::to_string(number)};
}
Value make_real(double number) { return {.kind = Kind::real, .real = number}; }
Value make_text(std::string text) { return {.kind = Kind::text, .text = std::move(text)}; }

void normalize(Value& value) {
  const size_t step = value.kind == Kind::dict ? 2 : 1;
  const std::vector<size_t> places = sorted_places(value, step);
  std::vector<size_t> kept;
  for (size_t i = 0; i < places.size(); ++i) {
    const bool repeats =
        !kept.empty() && order(value.items[kept.back() * step], value.items[places[i] * step]) == 0;
    if (!repeats)
      kept.push_back(places[i]);
    else if (step == 2)
      value.items[kept.back() * 2 + 1] = std::move(value.items[places[i] * 2 + 1]);
  }
  // A program may go through a dict: its pairs stay in the order in which they were written.
  if (step == 2) {
    if (kept.size() == places.size()) return;
    std::ranges::sort(kept);
  }
  std::vector<Value> items;
  items.reserve(kept.size() * step);
  for (const size_t place : kept)
    for (size_t k = 0; k < step; ++k) items.push_back(std::move(value.items[place * step + k]));
  value.items = std::move(items);
}

int order(const Value& a, const Value& b) {
  if (rank(a) != rank(b)) return sign_of(rank(a) - rank(b));
  switch (a.kind) {
    case Kind::none:
      return 0;
    case Kind::boolean:
      return sign_of(int64_t{a.truth} - int64_t{b.truth});
    case Kind::integer:
    case Kind::real:
      return order_numbers(a, b);
    case Kind::text:
    case Kind::bytes:
      return sign_of(a.text.compare(b.text));
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
    case Kind::dict:
      break;
  }
  const size_t common = std::min(a.items.size(), b.items.size());
  for (size_t i = 0; i < common; ++i)
    if (const int by_item = order(a.items[i], b.items[i])) return by_item;
  return a.items.size() < b.items.size() ? -1 : a.items.size() > b.items.size() ? 1 : 0;
}

bool within(const Tolerance& tolerance, double expected, double got) {
  if (!std::isfinite(expected) || !std::isfinite(got)) return false;
  return std::abs(got - expected) <=
         std::max(tolerance.absolute, tolerance.relative * std::abs(expected));
}

bool equal_values(const Value& expected, const Value& got, const ValueRules& rules) {
  if (is_number(expected) && is_number(got)) {
    if (is_nan(expected) || is_nan(got)) return false;
    if (order_numbers(expected, got) == 0) return true;
    const bool a_float = expected.kind == Kind::real || got.kind == Kind::real;
    return a_float && rules.tolerance.any() &&
           within(rules.tolerance, as_double(expected), as_double(got));
  }
  if (rules.tuples_are_lists && expected.kind == Kind::list && got.kind == Kind::tuple)
    return equal_items(expected, got, rules);
  if (expected.kind != got.kind) return false;
  switch (expected.kind) {
    case Kind::none:
      return true;
    case Kind::boolean:
      return expected.truth == got.truth;
    case Kind::text:
    case Kind::bytes:
      return expected.text == got.text;
    case Kind::list:
    case Kind::tuple:
      return equal_items(expected, got, rules);
    case Kind::set:
      return equal_items(expected, got, {});
    case Kind::dict:
      return equal_dicts(expected, got, rules);
    case Kind::integer:
    case Kind::real:
      break;
  }
  return false;
}

bool truthy(const Value& value) {
  switch (value.kind) {
    case Kind::none:
      return false;
    case Kind::boolean:
      return value.truth;
    case Kind::integer:
      return value.text != "0";
    case Kind::real:
      return value.real != 0;
    case Kind::text:
    case Kind::bytes:
      return !value.text.empty();
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
    case Kind::dict:
      break;
  }
  return !value.items.empty();
}

size_t count_nodes(const Value& value) {
  size_t nodes = 1;
  for (const Value& item : value.items) nodes += count_nodes(item);
  return nodes;
}

bool to_int64(const Value& integer, int64_t& number) {
  const char* const end = integer.text.data() + integer.text.size();
  const auto [at, error] = std::from_chars(integer.text.data(), end, number);
  return integer.kind == Kind::integer && error == std::errc() && at == end;
}

}  // namespace cohort::judge
