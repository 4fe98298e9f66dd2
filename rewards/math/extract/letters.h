// The letter of a multiple choice in prose.
#pragma once

#include <string_view>

#include "rewards/math/extract/marked.h"

namespace cohort::math {

// In this order: what an announcement names ("answer: D"), the letter that the text begins with
// ("D. because ..."), the last letter that is asserted and not denied ("I think it's B"). Two
// letters joined by "or" are two answers. Linear.
Found find_letter(std::string_view text);

}  // namespace cohort::math
