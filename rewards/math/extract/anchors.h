// Words that announce an answer, in the languages that models write.
#pragma once

#include <optional>
#include <string_view>

namespace cohort::math {

struct Anchor {
  size_t word;    // where the announcing word begins
  size_t answer;  // where what it announces begins: blanks, colons and emphasis are skipped
  bool decimal_comma = false;  // the word is of a language that writes 1,5
};

// The last announcement: "the answer is", "Final answer:", "Answer: ", and their like. Linear.
std::optional<Anchor> last_anchor(std::string_view text);

// Behind a word of being or equality that is followed by `at` in a sentence: "is", "=", ...
// The last such place in [from, to); nothing when there is none.
std::optional<size_t> last_copula(std::string_view text, size_t from, size_t to);

}  // namespace cohort::math
