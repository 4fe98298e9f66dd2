#include "rewards/math/extract/wording.h"

#include <algorithm>
#include <array>
#include <string>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/operation_words.h"

namespace cohort::math {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr size_t kLook = 120;  // bytes
constexpr size_t kWords = 6;   // words before a value that can modify it

// Whole words; in languages without blanks anywhere.
constexpr std::string_view kDenials[] = {
    "not",
    "never",
    "cannot",
    "nicht",
    "pas",
    "nunca",
    "jamais",
    "nie",
    "niet",
    "inte",
    "ikke",
    "keine",
    "neither",
    "isn't",
    "can't",
    "won't",
    "wasn't",
    "aren't",
    "couldn't",
    "doesn't",
    "shouldn't",
    "wouldn't",
    "\xd0\xbd\xd0\xb5",                      // ru: ne
    "\xe4\xb8\x8d\xe6\x98\xaf",              // zh: bu shi
    "\xe4\xb8\x8d\xe7\xad\x89\xe4\xba\x8e",  // zh: bu deng yu
    "\xe4\xb8\x8d\xe5\x8f\xaf\xe8\x83\xbd",  // zh: bu ke neng
    "\xe5\xb9\xb6\xe9\x9d\x9e",              // zh: bing fei
};
constexpr std::string_view kDenyingPhrases[] = {"anything but", "other than",          "no es",
                                                "non \xc3\xa8", "n\xc3\xa3o \xc3\xa9", "rule out",
                                                "rules out"};

constexpr std::string_view kSigns[] = {
    "\xe8\xb4\x9f",
    "\xe8\xb2\xa0",                                      // zh: fu
    "\xe3\x83\x9e\xe3\x82\xa4\xe3\x83\x8a\xe3\x82\xb9",  // ja: mainasu
    "\xeb\xa7\x88\xec\x9d\xb4\xeb\x84\x88\xec\x8a\xa4",  // ko: maineoseu
    "\xec\x9d\x8c\xec\x88\x98",                          // ko: eumsu
    "\xd0\xbc\xd0\xb8\xd0\xbd\xd1\x83\xd1\x81",          // ru: minus
};

// Behind the value, lower case.
constexpr std::string_view kDenialsBehind[] = {
    "is wrong",
    "is incorrect",
    "is not correct",
    "is not right",
    "is false",
    "is not the",
    "is not my",
    "is not it",
    "is not possible",
    "isn't",
    "is impossible",
    "is not true",
    "is not an answer",
    "was wrong",
    "would be wrong",
    "was incorrect",
    "cannot be",
    "can't be",
    "is a wrong",
    "is an incorrect",
    "is not what",
    "is never",
    "no es",
    "ist falsch",
    "ist nicht",
    "est faux",
    "n'est pas",
    "non \xc3\xa8",
    "\xe6\x98\xaf\xe9\x94\x99",              // zh: shi cuo
    "\xe4\xb8\x8d\xe6\x98\xaf",              // zh: bu shi
    "\xe4\xb8\x8d\xe5\xaf\xb9",              // zh: bu dui
    "\xe3\x81\xa7\xe3\x81\xaf\xe3\x81\xaa",  // ja: dewa na
    "\xe3\x81\xa7\xe3\x81\xaf\xe3\x81\x82\xe3\x82\x8a\xe3\x81\xbe\xe3\x81\x9b",
    "\xe3\x81\x98\xe3\x82\x83\xe3\x81\xaa",              // ja: ja na
    "\xec\x9d\xb4 \xec\x95\x84\xeb\x8b",                 // ko: i ani
    "\xea\xb0\x80 \xec\x95\x84\xeb\x8b",                 // ko: ga ani
    "\xec\x95\x84\xeb\x8b",                              // ko: ani
    "\xd0\xbd\xd0\xb5\xd0\xb2\xd0\xb5\xd1\x80\xd0\xbd",  // ru: nevern-
};

// The last words of `text`, lower case, "isn't" as one, the last one first.
std::array<std::string, kWords> last_words(std::string_view text) {
  std::array<std::string, kWords> words;
  size_t count = 0;
  for (size_t at = text.size(); at > 0 && count < kWords;) {
    if (is_digit(text[at - 1])) break;  // words about another value
    if (!is_word_byte(text[at - 1])) {
      --at;
      continue;
    }
    size_t end = at;
    while (at > 0 && (is_word_byte(text[at - 1]) ||
                      (text[at - 1] == '\'' && at > 1 && is_letter(text[at - 2]))))
      --at;
    std::string word = lower_case(text.substr(at, end - at));
    if (const size_t quote = word.find("\xe2\x80\x99"); quote != kNone)
      word = word.substr(0, quote) + "'" + word.substr(quote + 3);
    words[count++] = std::move(word);
  }
  return words;
}

std::string_view last_sentence(std::string_view text) {
  if (text.size() > kLook) text.remove_prefix(text.size() - kLook);
  for (size_t i = text.size(); i-- > 0;) {
    const char c = text[i];
    const bool stop =
        (c == '.' || c == '!' || c == '?') && i + 1 < text.size() && is_blank(text[i + 1]);
    if (stop || c == '\n' || c == ';') return text.substr(i + 1);
    if (text.substr(i).starts_with("\xe3\x80\x82")) return text.substr(i + 3);
  }
  return text;
}

}  // namespace

std::string_view without_openers(std::string_view before) {
  for (bool changed = true; changed && !before.empty();) {
    changed = false;
    for (const std::string_view open : {"$", "\\(", "\\[", "\\text{", "\\textbf{", "\\displaystyle",
                                        "*", "_", "\"", " ", "\t", "{"})
      if (before.ends_with(open)) {
        before.remove_suffix(open.size());
        changed = true;
      }
  }
  return before;
}

std::string_view without_closers(std::string_view behind) {
  for (bool changed = true; changed && !behind.empty();) {
    changed = false;
    for (const std::string_view close : {"$", "\\)", "\\]", "\\text{", "*", "_", "\"", " ", "\t",
                                         "}", "~", "\\,", "\\;", "\\quad", "\\ "})
      if (behind.starts_with(close)) {
        behind.remove_prefix(close.size());
        changed = true;
      }
  }
  return behind;
}

bool denies_what_follows(std::string_view before) {
  const std::string_view sentence = last_sentence(without_openers(before));
  const std::string lower = lower_case(sentence);
  for (const std::string_view phrase : kDenyingPhrases)
    if (lower.ends_with(phrase) || lower.find(std::string(phrase) + " ") != kNone) return true;
  const auto words =
      last_words(sentence.substr(sentence.rfind(',') == kNone ? 0 : sentence.rfind(',')));
  for (const std::string_view denial : kDenials)
    if (static_cast<unsigned char>(denial[0]) >= 0xE0 && lower.ends_with(denial)) return true;
  // "not exactly equal to 7", but not "cannot exceed 7".
  const auto only_links = [](std::string_view word) {
    static constexpr std::string_view kLinks[] = {"be", "is",     "equal", "equals", "to",    "the",
                                                  "a",  "answer", "value", "number", "really"};
    return word.ends_with("ly") ||
           std::find(std::begin(kLinks), std::end(kLinks), word) != std::end(kLinks);
  };
  const auto* word = std::find_if_not(words.begin(), words.end(), only_links);
  if (word != words.end() &&
      std::find(std::begin(kDenials), std::end(kDenials), *word) != std::end(kDenials))
    return true;
  return sentence.ends_with("\\ne") || sentence.ends_with("\\neq") || sentence.ends_with(" !=") ||
         sentence.ends_with("\xe2\x89\xa0");
}

bool has_denial(std::string_view sentence) {
  for (;;) {
    while (!sentence.empty() && (!is_word_byte(sentence.back()) || is_digit(sentence.back())))
      sentence.remove_suffix(1);
    if (sentence.empty()) return false;
    const std::string word = last_words(sentence)[0];
    if (std::find(std::begin(kDenials), std::end(kDenials), word) != std::end(kDenials))
      return true;
    while (!sentence.empty() && is_word_byte(sentence.back())) sentence.remove_suffix(1);
  }
}

bool denied_behind(std::string_view behind) {
  behind = without_closers(behind.substr(0, kLook));
  // A question that is answered with no.
  if (behind.starts_with("?")) return true;
  const std::string lower = lower_case(behind);
  return std::any_of(std::begin(kDenialsBehind), std::end(kDenialsBehind),
                     [&](std::string_view denial) { return lower.starts_with(denial); });
}

bool modifies_what_follows(std::string_view before) {
  before = without_openers(before);
  for (const std::string_view sign : kSigns)
    if (before.ends_with(sign)) return true;
  const std::string_view sentence = last_sentence(before);
  const auto words = last_words(sentence);
  // "is equal to 7", "comes to 7"
  const bool to = words[0] == "to";
  if (to && words[1] == "equal" && words[2] == "or") return true;
  if (to && words[1] != "equal" && words[1] != "comes" && words[1] != "amounts" &&
      words[1] != "simplifies" && words[1] != "evaluates" && words[1] != "reduces")
    return words[1] == "power" || words[1] == "raised";
  const size_t first = to ? 1 : 0;
  if (is_operation_word(words[first]) && words[first] != "most" && words[first] != "least" &&
      words[first] != "to")
    return true;
  if (words[first] == "of" && (is_operation_word(words[first + 1]) || words[first + 1] == "power"))
    return true;
  static constexpr std::array<std::string_view, 17> kPartsOf = {
      "multiple", "multiples", "square", "cube",    "factor",   "factors",
      "divisor",  "divisors",  "third",  "quarter", "power",    "powers",
      "squares",  "remainder", "digits", "roots",   "logarithm"};
  if (words[first] == "of" && std::ranges::find(kPartsOf, words[first + 1]) != kPartsOf.end())
    return true;
  if (words[first] == "by" && (words[first + 1] == "divisible" || words[first + 1] == "increased" ||
                               words[first + 1] == "decreased" || words[first + 1] == "divided" ||
                               words[first + 1] == "multiplied" || words[first + 1] == "reduced"))
    return true;
  if (words[first] == "from" && (words[first + 1] == "different" || words[first + 1] == "far"))
    return true;
  return words[first + 1] == "at" && (words[first] == "least" || words[first] == "most");
}

namespace {

// "7 to 8", but not "7.25 to 2 decimal places".
bool ends_a_range(std::string_view rest) {
  rest = without_openers(trim(rest));
  if (rest.empty() || !(is_digit(rest[0]) || rest[0] == '$' || rest[0] == '\\')) return false;
  size_t end = 0;
  while (end < rest.size() && is_digit(rest[end])) ++end;
  const std::string unit = lower_case(trim(rest.substr(end)).substr(0, 3));
  return unit != "dec" && unit != "sig" && unit != "pla" && unit != "dig" && unit != "d.p" &&
         unit != "s.f" && !unit.starts_with("dp") && !unit.starts_with("sf");
}

}  // namespace

bool modified_behind(std::string_view behind) {
  behind = without_closers(behind.substr(0, kLook));
  // A range: an en dash or an em dash with a digit behind it.
  if ((behind.starts_with("\xe2\x80\x93") || behind.starts_with("\xe2\x80\x94")) &&
      behind.size() > 3 && is_digit(behind[3]))
    return true;
  size_t end = 0;
  while (end < behind.size() && is_letter(behind[end])) ++end;
  const std::string word = lower_case(behind.substr(0, end));
  if (word.empty()) return false;
  // "7th", "7 out of 8"
  if (word == "th" || word == "st" || word == "nd" || word == "rd") return true;
  if (word == "out") return behind.substr(end).starts_with(" of ");
  if (word == "to") return ends_a_range(behind.substr(end));
  if (word == "more" || word == "less" || word == "than" || word == "most" || word == "least" ||
      word == "under" || word == "below" || word == "above" || word == "greater" ||
      word == "fewer" || word == "in")
    return false;
  // "7 over 2" calculates, "7 over the whole day" does not.
  if (word == "over" || word == "times" || word == "plus" || word == "minus" || word == "double" ||
      word == "twice" || word == "half") {
    const std::string_view rest = without_openers(trim(behind.substr(end)));
    return !rest.empty() && (is_digit(rest[0]) || rest[0] == '$' || rest[0] == '\\');
  }
  return is_operation_word(word);
}

}  // namespace cohort::math
