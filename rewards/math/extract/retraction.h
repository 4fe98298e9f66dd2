// Words by which a text takes back, or only supposes, what it announces.
#pragma once

#include <optional>
#include <string_view>

namespace cohort::math {

// The byte behind the last "that's wrong", "I made a mistake", "scratch that" in `behind`, a text
// that follows an answer. With `hesitation`, "wait" and "hmm" take back, too. Linear.
std::optional<size_t> retraction(std::string_view behind, bool hesitation);

// Whether `before`, which ends where "answer" begins, makes it one that is not given: "if the
// answer", "whether the correct answer", "a wrong answer".
bool only_supposed(std::string_view before);

}  // namespace cohort::math
