// Which parts of a text are prose.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cohort {

enum class Part : uint8_t {
  prose,
  formula,  // between LaTeX's mathematical delimiters
  hidden,   // code, a URL, a tag, a LaTeX command's name
};

// One entry a code point, in linear time. What \text{...} and its kin hold is prose wherever it is.
std::vector<Part> parts_of(std::u32string_view text);

}  // namespace cohort
