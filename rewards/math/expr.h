// An answer as a tree: what was written, not yet what it means. The parser decides structure and
// nothing else (1/2 and 0.5 are different trees); the comparator decides equality.
//
// Parentheses leave no node: (x) is x. Nothing is sorted, merged or evaluated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort::math {

#define COHORT_KINDS(X)                                                                            \
  /* Leaves. `text` as said. */                                                                    \
  X(number)   /* "12", "0.50": digits, or digits on both sides of a '.'; no sign, no separators */ \
  X(constant) /* "pi", "e", "i", "inf", "undefined" (does not exist, no limit) */                  \
  X(symbol)   /* a variable's name without backslash, subscript joined by '_': "x", "alpha", */    \
              /* "x_1", "x_{n+1}", "x'"; "..." is an ellipsis; "zzz" an unknown command */         \
  X(words)    /* lower-cased words, single blanks: "no solution", "monday", "east" */              \
  X(choice)   /* one upper-case letter "A".."Z": (A), \text{A}, "A."; $A$ alone is a symbol */     \
  X(empty_set)                                                                                     \
  X(number_set) /* "R" "Z" "Q" "N" "C", with a sign where one was written: "Z+" "R-" "R*" */       \
  /* Arithmetic. */                                                                                \
  X(add)           /* n-ary, n >= 2; a - b is add(a, negate(b)) */                                 \
  X(multiply)      /* n-ary, n >= 2; explicit or by juxtaposition, in the written order */         \
  X(negate)        /* 1 */                                                                         \
  X(divide)        /* 2 */                                                                         \
  X(power)         /* 2; \sin^2 x is power(sin(x), 2) */                                           \
  X(root)          /* 2: radicand, index */                                                        \
  X(mixed)         /* 2: whole number and proper fraction, 7 3/4 is mixed(7, divide(3, 4)) */      \
  X(plus_minus)    /* 1 or 2: text "+-" or "-+" */                                                 \
  X(percent)       /* 1 */                                                                         \
  X(degrees)       /* 1: x^\circ, 30 degrees */                                                    \
  X(factorial)     /* 1; text "!" or "!!" */                                                       \
  X(absolute)      /* 1 (also the norm) */                                                         \
  X(floor)         /* 1 */                                                                         \
  X(ceiling)       /* 1 */                                                                         \
  X(function)      /* a known name with its arguments, see below */                                \
  X(apply)         /* an unknown function: text its name ("f", "f'", "f^{-1}"); its arguments */   \
  X(based)         /* number in a base: text its digits (letters upper-case), child the base */    \
  X(repeating)     /* decimal with a repeating part: text "0.1(6)" */                              \
  X(integral_like) /* text "sum" "prod": body, variable, from, to; "int": body, variable, and */   \
                   /* from, to when given; "lim": body, variable, target */                        \
  /* Compounds. */                                                                                 \
  X(tuple) /* n >= 2, in order: (a, b), <a, b>, and [a, b, c] with n >= 3 */                       \
  X(list)  /* bare "a, b", "a and b", "a or b", n >= 2; items may be lists: "p=5,q=2;p=7,q=2" */   \
  X(set)   /* { ... }, n >= 1 */                                                                   \
  X(set_where) /* { x | condition }: element, condition (a logic "and" of several) */              \
  X(interval)  /* 2 ends; text "()" "[)" "(]" "[]"; ]a,b[ is "()". "(a,b)" parses as tuple: its */ \
               /* meaning depends on the other side */                                             \
  X(unite)     /* n-ary */                                                                         \
  X(intersect) /* n-ary */                                                                         \
  X(set_minus) /* 2 */                                                                             \
  X(matrix)    /* children row by row; `rows` says how many; text "(" "[" "|" or "" */             \
  X(ratio)     /* n-ary a:b:c, also "3 to 2" */                                                    \
  X(relation)  /* chain: n >= 2 children, text n-1 operators, one char each, see below */          \
  X(logic)     /* text "and" or "or" between relations; a system of equations is an "and" */       \
  /* Values with a dimension. */                                                                   \
  X(quantity) /* 1 child; text the unit as normalised by units.h: "cm^2", "m/s", "usd"; nouns */   \
              /* that are no unit as words: "apples" */                                            \
  X(time)     /* "hh:mm" or "hh:mm:ss" in 24 hours; "am"/"pm" resolved. Without them h:mm is a */  \
              /* time only when it is no reduced ratio (3:05, 10:15, 7:30:15), else a ratio */

// Kind::function: sin cos tan cot sec csc, arcsin ..., sinh ..., arsinh ... of one argument;
//   ln(x), log(x) as written, log(x, base), exp(x), sqrt is a root; gcd lcm max min (n-ary);
//   binom(n, k); mod(a, m); det Re Im arg conj sgn (1); cases(value, condition, value, ...).
// Kind::relation: = < > l(<=) g(>=) !(not equal) ~(approximately) e(element of) s(subset)
//   c(congruent: a = b mod m is relation "c" of a and mod(b, m)).
//   "(B) 12" is relation "=" of choice and value.
enum class Kind : uint8_t {
#define COHORT_KIND(name) name,
  COHORT_KINDS(COHORT_KIND)
#undef COHORT_KIND
};

struct Expr {
  Kind kind = Kind::number;
  std::string text = {};
  std::vector<Expr> children = {};
  int32_t rows = 0;  // of a matrix

  bool operator==(const Expr&) const = default;
};

}  // namespace cohort::math
