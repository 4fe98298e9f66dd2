// A second answer that a sentence offers beside a box.
#pragma once

#include <string>
#include <string_view>

#include "rewards/math/extract/enclosing.h"

namespace cohort::math {

// An answer that the sentence offers beside the box: "\boxed{7} or 8", "8 or \boxed{7}",
// "\boxed{7}, 8, 9". Empty when there is none.
std::string alternative(std::string_view text, const BoxPlace& box);

}  // namespace cohort::math
