// What a written model is compared with its source over.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer/tokenizer.h"

namespace cohort {

// Prose, code, digits, several scripts, odd spaces; without the characters that this tokenizer has
// no token for, and without texts that nothing is left of.
std::vector<std::string> verification_texts(const Tokenizer& tokenizer);

// Texts of the tokenizer's own tokens, special ones among them: the first and last 64 and some of
// those between.
std::vector<std::string> vocabulary_texts(const Tokenizer& tokenizer);

}  // namespace cohort
