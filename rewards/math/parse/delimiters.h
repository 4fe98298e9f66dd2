// What surrounds an answer and does not belong to it.
#pragma once

#include <string>
#include <string_view>

namespace cohort::math {

// Without outer mathematics delimiters ($...$, \(...\), \[...\]), Markdown emphasis, quotes and
// final punctuation. Text that holds several formulas, "$125$ miles", becomes one formula with the
// rest as \text{...}. Linear.
std::string without_delimiters(std::string_view text);

}  // namespace cohort::math
