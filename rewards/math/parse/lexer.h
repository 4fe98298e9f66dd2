// An answer's text as tokens.
#pragma once

#include <string_view>
#include <vector>

#include "rewards/math/budget.h"
#include "rewards/math/parse/token.h"

namespace cohort::math {

// `text` is ASCII mathematics (plain_characters) without outer delimiters; bytes above 127 are
// letters of words. The last token is Tok::end. Linear. Throws BudgetExhausted and Unreadable.
std::vector<Token> lex(std::string_view text, Budget& budget);

}  // namespace cohort::math
