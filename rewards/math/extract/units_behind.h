// A unit that the text gives behind an answer rather than in it: "\boxed{28}$ pct", "5 cm".
#pragma once

#include <string>
#include <string_view>

namespace cohort::math {

// The unit or percent sign right behind an answer as " \text{...}" with its power, "\%", or
// nothing. `rest` begins behind the answer.
std::string unit_behind(std::string_view rest);

}  // namespace cohort::math
