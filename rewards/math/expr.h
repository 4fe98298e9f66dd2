// An answer as a tree: what was written, not yet what it means. The parser decides structure and
// nothing else (1/2 and 0.5 are different trees); the comparator decides equality.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort::math {

enum class Kind : uint8_t {
  // Leaves. `text` as said.
  number,    // digits, with at most one '.': "12", "0.50"; never a sign; no thousands separators
  constant,  // "pi", "e", "i", "inf", "undefined" (does not exist, no limit)
  symbol,    // a variable's name without backslash, subscript joined by '_': "x", "alpha", "x_1",
             // "x'"
  words,     // lower-cased words, single blanks: "no solution", "monday", "east"
  choice,    // one upper-case letter "A".."Z", from (A), \text{A}, ...
  empty_set,
  number_set,  // "R", "Z", "Q", "N", "C"

  // Arithmetic.
  add,         // n-ary, n >= 2; a - b is add(a, negate(b))
  multiply,    // n-ary, n >= 2; explicit or by juxtaposition
  negate,      // 1
  divide,      // 2
  power,       // 2
  root,        // 2: radicand, index
  mixed,       // 2: whole number and proper fraction, 7 3/4
  plus_minus,  // 1 or 2: text "+-" or "-+"
  percent,     // 1
  degrees,     // 1: x^\circ
  factorial,   // 1
  absolute,    // 1 (also the norm)
  floor,       // 1
  ceiling,     // 1
  function,    // text is the name: sin cos tan cot sec csc arcsin ... sinh ... ln log (children: x,
               // base;
  // one child: as written, no base) exp gcd lcm max min binom (n, k) det Re Im arg conj
  apply,          // unknown function: text its name; children its arguments: f(x)
  based,          // number in a base: text its digits (letters upper-case), child the base
  repeating,      // decimal with a repeating part: text "0.1(6)"
  integral_like,  // sum, product, integral, limit: text "sum" "prod" "int" "lim"; never evaluated

  // Compounds.
  tuple,      // ( ... ), n >= 2; a 1-tuple is its content
  list,       // bare a, b or "a and b" or "a or b", n >= 2
  set,        // { ... }, n >= 0
  set_where,  // { x | condition }: element, condition
  interval,   // 2 ends; text "()", "[)", "(]" or "[]"; "(a,b)" parses as tuple: its meaning depends
              // on the other side
  unite,      // n-ary
  intersect,  // n-ary
  set_minus,  // 2
  matrix,     // children row by row; `rows` says how many; text "(" "[" "|" or ""
  ratio,      // n-ary a:b:c
  relation,  // chain: n children, text n-1 operators, one char each: = < > l(<=) g(>=) !(not equal)
  // ~(approximately) e(in) s(subset) c(congruent; a third child of modulus is a function "mod")
  logic,  // text "and" or "or" between relations

  // Values with a dimension.
  quantity,  // 1 child; text the unit as normalised by units.h: "cm^2", "m/s", "usd"
  time,      // text "hh:mm" or "hh:mm:ss" in 24 hours; "am"/"pm" resolved
};

struct Expr {
  Kind kind = Kind::number;
  std::string text = {};
  std::vector<Expr> children = {};
  int32_t rows = 0;  // of a matrix

  bool operator==(const Expr&) const = default;
};

}  // namespace cohort::math
