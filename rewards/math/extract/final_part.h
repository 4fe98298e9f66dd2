// The part of a completion in which an answer counts.
#pragma once

#include <string_view>

namespace cohort::math {

struct FinalPart {
  std::string_view text;      // what follows the thinking
  std::string_view thinking;  // what stands before, for the reason alone
};

// What follows the last </think>, and stands before a <think> that is never closed and before the
// chat template's next token (<|im_end|>, <|eot_id|>, ...). Linear.
FinalPart final_part(std::string_view completion);

}  // namespace cohort::math
