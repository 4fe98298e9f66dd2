// What the lexer makes of an answer's text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort::math {

enum class Tok : uint8_t {
  end,
  number,     // text as of Kind::number
  repeating,  // text as of Kind::repeating
  symbol,     // one letter, or the name of a Greek letter, or "pi", "inf", "..."
  vector,     // a letter in bold or with an arrow: never a constant
  text,       // words of \text{...}, or letters outside it that are a word; single blanks
  function,   // sin, log, ...
  command,    // frac, sqrt, binom, overline, angle, sum, ..., begin, end
  number_set,
  plus,
  minus,
  plus_minus,  // text "+-" or "-+"
  times,
  slash,
  caret,
  underscore,
  open_round,
  close_round,
  open_square,
  close_square,
  open_group,
  close_group,
  open_set,
  close_set,
  open_angle,
  close_angle,
  open_floor,
  close_floor,
  open_ceiling,
  close_ceiling,
  bar,
  double_bar,
  open_bar,   // \left| \lvert
  close_bar,  // \right| \rvert
  comma,
  semicolon,
  colon,
  bang,
  prime,
  percent,
  degree,
  ampersand,
  row_break,
  relation,  // text: the character of Kind::relation
  unite,
  intersect,
  set_minus,
  and_,
  or_,
  mid,
  to,
  currency  // text: the unit
};

struct Token {
  Tok type = Tok::end;
  bool blank_before = false;
  bool plain = false;  // a text that stood outside \text{...}
  uint32_t at = 0;     // byte in the text
  int32_t match = -1;  // of a round, square or set bracket: the token that closes it
  std::string text = {};
  std::string name = {};  // of \begin and \end: the environment
};

// Thrown inside parse/ alone: what was expected at which byte.
struct Unreadable {
  size_t at;
  const char* expected;
};

}  // namespace cohort::math
