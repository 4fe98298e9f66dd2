// A run of letters outside \text{...}: a name, a unit, a word, or a product of variables.
#pragma once

#include <string_view>
#include <vector>

#include "rewards/math/parse/token.h"

namespace cohort::math {

struct LettersContext {
  bool blank_before = false;  // or at the start
  bool after_value = false;
  bool after_number = false;
  bool after_word = false;
  bool before_call = false;  // a bracket follows at once
};

struct LettersPart {
  Tok type;
  std::string_view text;  // of `letters`, or static
};

std::vector<LettersPart> split_letters(std::string_view letters, const LettersContext& where);

// Whether letters read as a word of a language rather than as a product: a few known short words,
// and from five letters on what is in lower case and can be spoken.
bool is_word(std::string_view letters);

}  // namespace cohort::math
