// Words beside a value that are more than what it counts.
#pragma once

#include <string_view>

namespace cohort::math {

// Lower case. A word that makes another number of its neighbour: "negative", "squared", "half",
// "million", "greater".
bool is_operation_word(std::string_view word);

// Such a word, or one that no noun phrase behind a value has, since it says something of the value
// ("maybe", "is") or is itself a numeral or a part ("third", "seven").
bool is_no_noun(std::string_view word);

}  // namespace cohort::math
