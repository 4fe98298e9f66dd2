// Answers that the text marks itself: \boxed{...}, <answer>...</answer>, #### ...
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rewards/reason.h"

namespace cohort::math {

// What was found. Several texts: boxes joined by "and", "or" or a comma, which are one list of
// answers.
struct Found {
  Reason reason = Reason::no_answer;  // ok: `texts` has at least one, none of them blank
  std::vector<std::string> texts = {};
  // Of a single box: the unit or percent sign that the text gives behind it, to be appended.
  std::string unit_behind = {};
  // The text says that its value is not the answer: nothing else is looked for.
  bool denied = false;
};

// Of the three marks the one that is opened last. When that one is empty or never closed there is
// no answer: an earlier one is never taken instead. Boxes less than 70 bytes apart with "and",
// "or", a comma or nothing but punctuation between them are one list; the same box again is no
// second one. Linear.
Found find_marked(std::string_view text);

bool has_mark(std::string_view text);

// Whether what stands between two formulas makes one list of them: blanks, delimiters, commas, and
// a few words around "and" or "or" that do not say that the second replaces the first.
bool joins(std::string_view gap);

}  // namespace cohort::math
