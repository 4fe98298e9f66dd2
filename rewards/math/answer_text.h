// Where a completion's final answer stands.
#pragma once

#include <string_view>

#include "rewards/reward.h"

namespace cohort {

struct AnswerText {
  Reason reason = Reason::ok;  // ok: `text` is the answer, blanks around it dropped, not empty
  std::string_view text;
};

// The answer is the content of the last <answer>...</answer> or \boxed{...} to be opened outside
// the thinking: after the last </think>, and before a <think> that is never closed. When that one
// is empty or never closed there is no answer: an earlier one is never taken instead.
AnswerText find_answer(std::string_view completion);

std::string_view trim_blanks(std::string_view text);

}  // namespace cohort
