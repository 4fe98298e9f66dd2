// How many words of a text are in a language.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

// en, zh, fr, de, es, ru, ja, ko.
const std::vector<std::string>& supported_languages();

struct LanguageCount {
  int64_t in_language = 0;
  int64_t words = 0;
};

// Words are those of words.h. By script, in zh, ja, ko and ru: Han characters are Japanese in a
// sentence with kana, Chinese elsewhere. In languages of Latin script a common word of one language
// alone is in that language; any other goes with the common words around it, or, with none near,
// with the language asked for.
// A word of several scripts (a disguise) is in no language.
LanguageCount count_language(std::string_view text, const std::string& language);

}  // namespace cohort
