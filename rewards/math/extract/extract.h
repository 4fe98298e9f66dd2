// Where a text's answer stands.
#pragma once

#include <string_view>

#include "rewards/math/budget.h"  // what find_answer throws
#include "rewards/math/extract/marked.h"

namespace cohort::math {

struct ExtractOptions {
  bool wants_letter = false;  // the gold answer is a letter of a multiple choice
};

// What marked an answer, from the surest to the least.
enum class Mark : uint8_t { none, box, announcement, bare, last_formula, words };

struct Extraction {
  Found found;
  Mark mark = Mark::none;
};

// The answer of a completion: only what follows the thinking counts. In it, in this order: the last
// box, <answer> or ####; what the last announcement names; the whole text, when it is nothing but
// an answer; the last formula or number of its last sentence, unless that sentence states a task.
// Linear; throws BudgetExhausted of the texts it reads as answers.
Extraction find_answer(std::string_view completion, const ExtractOptions& options);

// The answer of a gold text: an answer by itself, or marked as in a completion.
Found find_gold(std::string_view gold);

}  // namespace cohort::math
