// a + b and a - b of natural numbers, worked out digit by digit in R1's format (docs/tasks.md).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "rollout/data/dataset.h"

namespace cohort {

struct Expression {
  int64_t a = 0;
  char op = '+';  // '-': a >= b
  int64_t b = 0;

  int64_t value() const { return op == '+' ? a + b : a - b; }
  std::string text() const;
  // Addition commutes: the expression with a <= b stands for both.
  Expression canonical() const { return op == '+' && b < a ? Expression{b, op, a} : *this; }
  auto operator<=>(const Expression&) const = default;
};

// How much of the working a response shows; the answer is right in each.
enum class Style { direct = 0, brief = 1, full = 2 };

// 603+422, lowest digit first. full: a+b+carry=(carry, digit), "3+2+0=05,0+2+0=02,6+4+0=10"; with -
// the borrow takes the carry's place. brief: the digit pairs, "3+2,0+2,6+4". direct: nothing.
std::string working(const Expression& expression, Style style);

// prompt <|user|>603+422<|assistant|>, answer 1025, response
// <think>WORKING</think><answer>1025</answer><|eos|>
Row expression_row(const Expression& expression, Style style, const std::string& source);

// "train" (14 of 16), "dev" or "test" (1 of 16 each): a function of the canonical expression alone,
// so the splits are disjoint for every seed and number of rows, commuted twins included.
const char* split_of(const Expression& expression);

// Draws of the tasks (DrawKind::data) by what they are for: the key's `sample`.
inline constexpr uint32_t kExpressionDraws = 0x4000'0000, kShortAnswerDraws = 0x6000'0000,
                          kStyleDraws = 0x8000'0000;

// Style of row `index` by config.style_mix.
Style draw_style(const DataConfig& config, int64_t index);

}  // namespace cohort
