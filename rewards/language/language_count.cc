#include "rewards/language/language_count.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <optional>

#include "core/base/error.h"
#include "rewards/language/common_words.h"
#include "rewards/language/words.h"

namespace cohort {

namespace {

// Which sentences are Japanese: at least a tenth of their characters is kana. A short one of Han
// characters alone is what the text as a whole is.
std::vector<bool> japanese_sentences(const std::vector<Word>& words) {
  struct Characters {
    int64_t kana = 0, all = 0;
    bool is_japanese() const { return kana > 0 && kana * 10 >= all; }
  };
  constexpr int64_t kShort = 8;
  std::vector<Characters> sentences;
  Characters whole;
  for (const Word& word : words) {
    const bool kana = word.script == Script::hiragana || word.script == Script::katakana;
    if (!kana && word.script != Script::han) continue;
    sentences.resize(std::max(sentences.size(), static_cast<size_t>(word.sentence) + 1));
    for (Characters* c : {&sentences[static_cast<size_t>(word.sentence)], &whole}) {
      c->kana += kana;
      ++c->all;
    }
  }
  std::vector<bool> result;
  for (const Characters& sentence : sentences)
    result.push_back(sentence.is_japanese() ||
                     (sentence.kana == 0 && sentence.all <= kShort && whole.is_japanese()));
  return result;
}

bool is_russian(const std::u32string& text) {
  return std::ranges::all_of(
      text, [](char32_t c) { return (c >= 0x0430 && c <= 0x044F) || c == 0x0451 || c == U'\''; });
}

using WordTest = std::function<bool(const Word&)>;

std::optional<WordTest> test_of_script(const std::string& language,
                                       const std::vector<Word>& words) {
  if (language == "ko") return [](const Word& w) { return w.script == Script::hangul; };
  if (language == "ru")
    return [](const Word& w) { return w.script == Script::cyrillic && is_russian(w.text); };
  if (language != "zh" && language != "ja") return std::nullopt;
  return [japanese = japanese_sentences(words), is_ja = language == "ja"](const Word& w) {
    if (w.script == Script::hiragana || w.script == Script::katakana) return is_ja;
    return w.script == Script::han && japanese[static_cast<size_t>(w.sentence)] == is_ja;
  };
}

// Letters beyond a-z of each language, in lower case, in the order of Language.
constexpr std::array<std::u32string_view, kNumLanguages> kLetters = {
    U"",
    U"\u00e0\u00e2\u00e6\u00e7\u00e8\u00e9\u00ea\u00eb\u00ee\u00ef\u00f4\u0153\u00f9\u00fb\u00fc",
    U"\u00e4\u00f6\u00fc\u00df",
    U"\u00e1\u00e9\u00ed\u00f1\u00f3\u00fa\u00fc",
    U"\u00e0\u00e8\u00e9\u00ec\u00ed\u00ee\u00f2\u00f3\u00f9\u00fa",
    U"\u00e0\u00e1\u00e2\u00e3\u00e7\u00e9\u00ea\u00ed\u00f3\u00f4\u00f5\u00fa",
    U"\u00e9\u00eb\u00ef\u00f3\u00f6\u00fc",
    U""};
constexpr LanguageSet kAll = (1u << kNumLanguages) - 1;

// The languages whose letters these are; `others` has them all.
LanguageSet languages_by_letters(const std::u32string& text) {
  LanguageSet result = kAll;
  for (const char32_t c : text) {
    if (c < 0x80) continue;
    LanguageSet with = only(Language::others);
    for (size_t i = 0; i < kLetters.size(); ++i)
      if (kLetters[i].find(c) != std::u32string_view::npos) with |= 1u << i;
    result &= with;
  }
  return result;
}

// What a word with an apostrophe tells: don't, Ann's; l'eau, qu'il.
LanguageSet languages_by_apostrophe(const std::u32string& text) {
  constexpr std::array<std::u32string_view, 5> kEnglish = {U"s", U"t", U"ll", U"re", U"ve"};
  constexpr std::array<std::u32string_view, 12> kElided = {
      U"l", U"d", U"qu", U"j", U"n", U"s", U"c", U"m", U"t", U"jusqu", U"lorsqu", U"puisqu"};
  const size_t at = text.find(U'\'');
  if (at == std::u32string::npos) return 0;
  const auto before = std::u32string_view(text).substr(0, at);
  const auto behind = std::u32string_view(text).substr(at + 1);
  if (std::ranges::find(kEnglish, behind) != kEnglish.end()) return only(Language::en);
  if (std::ranges::find(kElided, before) != kElided.end())
    return only(Language::fr) | only(Language::it);
  return languages_with(before) | languages_with(behind);
}

// What a word says of its language.
struct Evidence {
  LanguageSet common = 0;      // the languages among whose common words it is; none: not common
  LanguageSet letters = kAll;  // the languages that have all its letters
  bool capital = false;        // may be a name (Mark, Lei)

  // The languages that it speaks for; 0: it is silent.
  LanguageSet votes() const { return common != 0 ? common : letters == kAll ? 0 : letters; }
};

Evidence evidence_of(const Word& word) {
  const LanguageSet common = languages_with(word.text);
  return {.common = common != 0 ? common : languages_by_apostrophe(word.text),
          .letters = languages_by_letters(word.text),
          .capital = word.capital};
}

// Whether word i is in `language` by the words around it. Each of them speaks for its languages
// with a weight of 1 / how many they are, and half of that at distance kNear.
bool agrees(const std::vector<Evidence>& evidence, size_t i, Language language) {
  constexpr size_t kNear = 4, kFar = 10;
  std::array<double, kNumLanguages> votes{};
  LanguageSet common = 0;
  const size_t begin = i < kFar ? 0 : i - kFar, end = std::min(evidence.size(), i + kFar + 1);
  for (size_t j = begin; j < end; ++j) {
    const LanguageSet spoken = evidence[j].votes();
    if (spoken == 0) continue;
    common |= evidence[j].common;
    const size_t distance = j < i ? i - j : j - i;
    const double weight =
        static_cast<double>(kNear) / static_cast<double>(kNear + distance) / std::popcount(spoken);
    for (int l = 0; l < kNumLanguages; ++l)
      if ((spoken >> l & 1) != 0) votes[static_cast<size_t>(l)] += weight;
  }
  const double own = votes[static_cast<size_t>(language)], most = std::ranges::max(votes);
  // So many words of the language hold a common one; where all are silent it is another.
  if (most == 0) return end - begin <= kFar;
  const double others = votes[static_cast<size_t>(Language::others)];
  return (common & only(language)) != 0 && own >= most && own > others;
}

int64_t count_latin(const std::vector<Word>& words, Language language) {
  std::vector<Evidence> evidence;
  for (const Word& word : words)
    if (word.script == Script::latin && !word.mixed) evidence.push_back(evidence_of(word));
  int64_t count = 0;
  for (size_t i = 0; i < evidence.size(); ++i) {
    const LanguageSet votes = evidence[i].votes();
    const bool is_open = votes == 0 || (votes & only(language)) != 0 || evidence[i].capital;
    count += evidence[i].common == only(language) || (is_open && agrees(evidence, i, language));
  }
  return count;
}

constexpr std::array kLatin = {std::pair{"en", Language::en}, std::pair{"fr", Language::fr},
                               std::pair{"de", Language::de}, std::pair{"es", Language::es}};

}  // namespace

const std::vector<std::string>& supported_languages() {
  static const std::vector<std::string> names = {"en", "zh", "fr", "de", "es", "ru", "ja", "ko"};
  return names;
}

LanguageCount count_language(std::string_view text, const std::string& language) {
  const std::vector<Word> words = words_of(text);
  LanguageCount count{.words = static_cast<int64_t>(words.size())};
  if (const auto is_in = test_of_script(language, words)) {
    count.in_language =
        std::ranges::count_if(words, [&](const Word& w) { return !w.mixed && (*is_in)(w); });
    return count;
  }
  for (const auto& [name, latin] : kLatin)
    if (language == name) {
      count.in_language = count_latin(words, latin);
      return count;
    }
  throw_error<ConfigError>("language \"{}\" is not supported", language);
}

}  // namespace cohort
