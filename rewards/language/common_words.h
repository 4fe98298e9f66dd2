// The commonest words of languages in Latin letters: in running text every second or third word is
// one of them, and they tell the languages apart.
#pragma once

#include <cstdint>
#include <string_view>

namespace cohort {

enum class Language : uint8_t { en, fr, de, es, it, pt, nl, others };  // of Latin script
inline constexpr int kNumLanguages = 8;

// A set of languages: bit i is language i.
using LanguageSet = uint32_t;
constexpr LanguageSet only(Language language) { return 1u << static_cast<int>(language); }

// The languages among whose common words this one is; `word` is in lower case. `others` stands for
// a dozen languages (Nordic, Slavic, Turkish, Vietnamese, pinyin...) that are not told apart.
LanguageSet languages_with(std::u32string_view word);

}  // namespace cohort
