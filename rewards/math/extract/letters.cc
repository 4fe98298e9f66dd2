#include "rewards/math/extract/letters.h"

#include <algorithm>

#include "rewards/math/extract/anchors.h"
#include "rewards/math/extract/wording.h"
#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

constexpr auto kNone = std::string_view::npos;

bool is_choice_letter(char c) { return c >= 'A' && c <= 'J'; }

// A letter by itself at `at`, perhaps in brackets or emphasis; 0 when there is none. Moves `at`
// behind it.
char letter_at(std::string_view text, size_t& at) {
  size_t i = at;
  while (i < text.size() &&
         (is_blank(text[i]) || std::string_view("*_(\"'[$").find(text[i]) != kNone))
    ++i;
  for (const std::string_view command : {"\\text{", "\\textbf{", "\\mathrm{", "\\mathbf{"})
    if (text.substr(i).starts_with(command)) i += command.size();
  if (i < text.size() && text[i] == '(') ++i;
  if (i >= text.size() || !is_choice_letter(text[i])) return '\0';
  if (i > 0 && (is_letter(text[i - 1]) || is_digit(text[i - 1]))) return '\0';
  if (i + 1 < text.size() && (is_letter(text[i + 1]) || is_digit(text[i + 1]) ||
                              text[i + 1] == '\'' || text[i + 1] == '^' || text[i + 1] == '_'))
    return '\0';
  // "A number ..." begins with an article.
  if (text[i] == 'A' && i + 2 < text.size() && text[i + 1] == ' ' && text[i + 2] >= 'a' &&
      text[i + 2] <= 'z' && !text.substr(i + 2).starts_with("because") &&
      !text.substr(i + 2).starts_with("is ") && !text.substr(i + 2).starts_with("and ") &&
      !text.substr(i + 2).starts_with("or "))
    return '\0';
  at = i + 1;
  return text[i];
}

// "... or B" right behind a letter: the letter is one of several.
bool has_alternative(std::string_view text, size_t at) {
  while (at < text.size() &&
         (is_blank(text[at]) || std::string_view(")*_]$}").find(text[at]) != kNone))
    ++at;
  for (const std::string_view link :
       {"or ", "and ", "/", "ou ", "oder ", "\xe6\x88\x96", ", or ", ", and "}) {
    if (!text.substr(at).starts_with(link)) continue;
    size_t next = at + link.size();
    return letter_at(text, next) != '\0';
  }
  return false;
}

// Whether other letters stand beside the first one, and no word denies them: "A, B", "(A) 1 (B) 2",
// "A, not B, maybe C"; but not "D. It can't be A or B".
bool has_others(std::string_view text, size_t at, char letter) {
  const size_t end = std::min(text.size(), at + 200);
  bool denied = false, prose = false;
  while (at < end) {
    size_t next = at;
    const char other = is_choice_letter(text[at]) ? letter_at(text, next) : '\0';
    if (other != '\0' && next == at + 1) {
      // "... I hope it is correct", "A is wrong"
      const bool pronoun = other == 'I' && next < text.size() && text[next] == ' ';
      if (other != letter && !denied && !prose && !pronoun && !denied_behind(text.substr(next)))
        return true;
      at = next;
      prose = pronoun;
      continue;
    }
    if (!is_word_byte(text[at])) {
      if (text[at] == '\n' && at + 1 < end && text[at + 1] == '\n') return false;
      ++at;
      continue;
    }
    const size_t start = at;
    while (at < end && (is_word_byte(text[at]) || text[at] == '\'')) ++at;
    const std::string word = lower_case(text.substr(start, at - start));
    if (word == "maybe" || word == "perhaps" || word == "possibly") {
      denied = prose = false;
    } else if (word == "not" || word == "non" || word == "never" || word == "cannot" ||
               word == "nicht" || word == "no" || word == "neither" || word.ends_with("n't") ||
               word.find("\xe4\xb8\x8d") != std::string::npos) {
      denied = true;
    } else if (word.size() > 1 && word != "or" && word != "and" && word != "also" &&
               word != "either") {
      prose = true;
    }
  }
  return false;
}

Found named(std::string_view text, size_t at, char letter) {
  if (has_alternative(text, at) || has_others(text, at, letter))
    return {Reason::several_answers, {}, {}};
  return {Reason::ok, {std::string("(") + letter + ")"}, {}};
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return text.ends_with(ending); });
}

}  // namespace

Found find_letter(std::string_view text) {
  if (const auto anchor = last_anchor(text)) {
    size_t at = anchor->answer;
    for (const std::string_view article :
         {"the ", "la ", "el ", "letter ", "option ", "Option ", "choice ", "Choice "})
      if (text.substr(at).starts_with(article)) at += article.size();
    if (const char letter = letter_at(text, at)) return named(text, at, letter);
  }
  size_t start = 0;
  if (const char letter = letter_at(text, start)) {
    const size_t behind = start;
    const bool closed = behind >= text.size() ||
                        std::string_view(".):,*\n]").find(text[behind]) != kNone ||
                        text.substr(behind).starts_with(" is correct") ||
                        text.substr(behind).starts_with(" is right") ||
                        text.substr(behind).starts_with(" is the ") ||
                        text.substr(behind).starts_with("\xe3\x80\x82") ||
                        text.substr(behind).starts_with("\xef\xbc\x8c");
    if (closed) return named(text, behind, letter);
  }
  for (size_t i = text.size(); i-- > 0;) {
    if (!is_choice_letter(text[i])) continue;
    size_t at = i;
    const char letter = letter_at(text, at);
    if (letter == '\0' || at != i + 1) continue;
    std::string before = lower_case(text.substr(i > 40 ? i - 40 : 0, std::min<size_t>(i, 40)));
    while (!before.empty() && std::string_view(" (*_$\"'").find(before.back()) != kNone)
      before.pop_back();
    if (ends_with_any(before, {"not", "n't be", "non", "never", "\xe4\xb8\x8d\xe6\x98\xaf"}))
      continue;
    if (denied_behind(text.substr(at))) continue;
    if (ends_with_any(before, {" is", "'s", " be", "\xe2\x80\x99s", "choose", "select", "pick",
                               "option", "choice", "est", " es", "ist", "\xe6\x98\xaf",
                               "\xe9\x80\x89", "\xe9\x80\x89\xe6\x8b\xa9"}))
      return named(text, at, letter);
  }
  return {};
}

}  // namespace cohort::math
