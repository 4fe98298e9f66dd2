// The words of a chain of thought, without what belongs to no language: code, formulas, numbers,
// addresses, tags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rewards/text/unicode.h"

namespace cohort {

struct Word {
  std::u32string text;  // lower case, with ' for every apostrophe
  Script script = Script::none;
  bool mixed = false;    // letters of several scripts: a disguise
  bool capital = false;  // begins with a capital: may be a name
  int32_t sentence = 0;  // sentences are numbered from 0
};

// Words are runs of letters, with apostrophes inside; a Chinese or Japanese character is a word.
// Left out:
// - code: ``` blocks and [asy] figures (to the end when not closed), `code`; tags <b>; URLs;
// - formulas: $...$, $$...$$, \(...\), \[...\], \begin...\end, except what \text{...} and its kin
//   hold, letters that no formula has (Han, Cyrillic...) and three bare words in a row;
// - \commands; letters that touch a digit or an underscore; single Latin and Greek letters;
//   capitals such as ABC, up to four, that are no common word; names of functions (sin, mod).
std::vector<Word> words_of(std::string_view text);

}  // namespace cohort
