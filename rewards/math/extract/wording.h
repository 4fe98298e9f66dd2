// What words around a value say of it: that it is not the answer, or that something else is
// calculated from it.
#pragma once

#include <string_view>

namespace cohort::math {

// "the answer is not", "cannot be", "anything but": words right before a value that deny it.
// `before` ends where the value (or its delimiter) begins; only its last sentence is read.
bool denies_what_follows(std::string_view before);

// Whether a word that denies stands anywhere in `sentence`.
bool has_denial(std::string_view sentence);

// "is wrong", "is not the answer", "? No.": words right behind a value that deny it.
bool denied_behind(std::string_view behind);

// Whether words that make another number of their neighbour ("negative", "greater than"), or a sign
// of another language, stand in the last words of `before`.
bool modifies_what_follows(std::string_view before);

// Whether such a word comes first in `behind`: "times 2", "million".
bool modified_behind(std::string_view behind);

// The delimiters and the emphasis that can stand between a value and its sentence, taken off.
std::string_view without_openers(std::string_view before);
std::string_view without_closers(std::string_view behind);

}  // namespace cohort::math
