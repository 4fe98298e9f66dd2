// Plain Python values as data: what a judged function may take and return. Nothing here evaluates
// anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::judge {

struct Value {
  enum class Kind : uint8_t { none, boolean, integer, real, text, bytes, list, tuple, set, dict };
  Kind kind = Kind::none;
  bool truth = false;     // boolean
  double real = 0;        // real
  std::string text = {};  // text: UTF-8, a lone surrogate as its three bytes; bytes; integer:
                          // decimal digits without leading zeros, "-" before a negative
  std::vector<Value> items =
      {};  // dict: keys and values in turn. normalize()d where there are several
};

Value make_boolean(bool truth);
Value make_integer(int64_t number);
Value make_real(double number);
Value make_text(std::string text);

// Puts the elements of a set in order() and drops repeated ones; of equal keys of a dict the first
// stays, with the last one's value, as in Python. NaNs count as equal here.
void normalize(Value& value);

// A total order of what can be an element or a key, equal ones being equal_values: booleans apart
// from numbers, integers and floats together by numeric value, NaN after all numbers.
int order(const Value& a, const Value& b);

struct Tolerance {
  double absolute = 0, relative = 0;
  bool any() const { return absolute > 0 || relative > 0; }
};
// |got - expected| <= max(absolute, relative |expected|); never for NaN or infinities.
bool within(const Tolerance& tolerance, double expected, double got);

struct ValueRules {
  Tolerance tolerance = {};       // for a float against a number; not inside sets, not for keys
  bool tuples_are_lists = false;  // the expected value was JSON, which has no tuples
};
// Python's == on exact types: True is not 1, 1 is 1.0, [1] is not (1,), "a" is not b"a", NaN equals
// nothing.
bool equal_values(const Value& expected, const Value& got, const ValueRules& rules = {});

bool truthy(const Value& value);
size_t count_nodes(const Value& value);

// The integer's digits as a number; false when it needs more than 64 bits.
bool to_int64(const Value& integer, int64_t& number);

}  // namespace cohort::judge
