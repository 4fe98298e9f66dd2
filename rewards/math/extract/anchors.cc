#include "rewards/math/extract/anchors.h"

#include <algorithm>
#include <array>
#include <string>

#include "rewards/math/extract/retraction.h"
#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr size_t kReach = 80;  // from the word to the copula

// Lower case; matched without case in ASCII.
constexpr std::string_view kWords[] = {
    "answer",  // en
    "ans",
    "\xe7\xad\x94\xe6\xa1\x88",  // zh: da an
    "\xe7\xad\x94",              // zh, ja: da
    "\xe7\xbb\x93\xe6\x9e\x9c",  // zh: jie guo
    "\xe6\xad\xa3\xe8\xa7\xa3",  // ja: seikai
    "\xe8\xa7\xa3\xe7\xad\x94",  // ja: kaito
    "\xe7\xad\x94\xe3\x81\x88",  // ja: kotae
    "\xec\xa0\x95\xeb\x8b\xb5",  // ko: jeongdap
    "\xeb\x8b\xb5",              // ko: dap
    "r\xc3\xa9ponse",
    "reponse",  // fr
    "antwort",
    "l\xc3\xb6sung",                                                             // de
    "respuesta",                                                                 // es
    "risposta",                                                                  // it
    "resposta",                                                                  // pt, ca
    "\xd0\xbe\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82",                                  // ru: otvet
    "\xd0\x9e\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82",                                  // ru, capital
    "\xd0\x9e\xd0\xa2\xd0\x92\xd0\x95\xd0\xa2",                                  // ru, capitals
    "\xd0\xb2\xd1\x96\xd0\xb4\xd0\xbf\xd0\xbe\xd0\xb2\xd1\x96\xd0\xb4\xd1\x8c",  // uk: vidpovid
    "\xd0\x92\xd1\x96\xd0\xb4\xd0\xbf\xd0\xbe\xd0\xb2\xd1\x96\xd0\xb4\xd1\x8c",
    "\xd8\xa7\xd9\x84\xd8\xac\xd9\x88\xd8\xa7\xd8\xa8",              // ar: al-jawab
    "\xd8\xa7\xd9\x84\xd8\xa5\xd8\xac\xd8\xa7\xd8\xa8\xd8\xa9",      // ar: al-ijaba
    "\xd9\xbe\xd8\xa7\xd8\xb3\xd8\xae",                              // fa: pasokh
    "\xd7\xaa\xd7\xa9\xd7\x95\xd7\x91\xd7\x94",                      // he: tshuva
    "\xe0\xa4\x89\xe0\xa4\xa4\xe0\xa5\x8d\xe0\xa4\xa4\xe0\xa4\xb0",  // hi: uttar
    "\xe0\xa6\x89\xe0\xa6\xa4\xe0\xa7\x8d\xe0\xa6\xa4\xe0\xa6\xb0",  // bn: uttor
    "\xe0\xb8\x84\xe0\xb8\xb3\xe0\xb8\x95\xe0\xb8\xad\xe0\xb8\x9a",  // th: kham top
    "\xc4\x91\xc3\xa1p \xc3\xa1n",
    "\xc4\x90\xc3\xa1p \xc3\xa1n",  // vi: dap an
    "\xc4\x91\xc3\xa1p s\xe1\xbb\x91",
    "\xc4\x90\xc3\xa1p s\xe1\xbb\x91",  // vi: dap so
    "cevap",
    "sonu\xc3\xa7",           // tr
    "odpowied\xc5\xba",       // pl
    "odpov\xc4\x9b\xc4\x8f",  // cs
    "v\xc3\xa1lasz",          // hu
    "antwoord",               // nl
    "svaret",
    "svar",                                                              // sv, da, no
    "vastaus",                                                           // fi
    "r\xc4\x83spuns",                                                    // ro
    "\xce\xb1\xcf\x80\xce\xac\xce\xbd\xcf\x84\xce\xb7\xcf\x83\xce\xb7",  // el: apantisi
    "jawaban",                                                           // id, ms
    "jibu",                                                              // sw
    "sagot",                                                             // tl
};

// Words and signs of being. A blank stands before and behind words of ASCII letters.
constexpr std::string_view kCopulas[] = {" is ",
                                         " are ",
                                         " be ",
                                         " equals ",
                                         " becomes ",
                                         " est ",
                                         " sont ",
                                         " ist ",
                                         " sind ",
                                         " es ",
                                         " son ",
                                         " \xc3\xa8 ",
                                         " sono ",
                                         " \xc3\xa9 ",
                                         " s\xc3\xa3o ",
                                         " jest ",
                                         " je ",
                                         " to ",
                                         " \xc3\xa4r ",
                                         " er ",
                                         " on ",
                                         " este ",
                                         " l\xc3\xa0 ",
                                         " adalah ",
                                         " ni ",
                                         " ay ",
                                         "\xe6\x98\xaf",
                                         "\xe4\xb8\xba",
                                         "\xe7\x82\xba",
                                         "\xe3\x81\xaf",
                                         "\xec\x9d\x80",
                                         "\xeb\x8a\x94",
                                         "\xd9\x87\xd9\x88",
                                         "\xd9\x87\xd9\x8a",
                                         "\xe0\xa4\xb9\xe0\xa5\x88",
                                         "\xe0\xb8\x84\xe0\xb8\xb7\xe0\xb8\xad",
                                         " - ",
                                         " \xe2\x80\x94 ",
                                         ":",
                                         "=",
                                         "\xef\xbc\x9a"};

bool matches(std::string_view text, size_t at, std::string_view word) {
  if (at + word.size() > text.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    char c = text[at + i];
    if (is_capital(c)) c = static_cast<char>(c - 'A' + 'a');
    if (c != word[i]) return false;
  }
  return true;
}

// The length of the announcing word at `at`; 0: none.
size_t word_at(std::string_view text, size_t at) {
  for (const std::string_view word : kWords) {
    if (!matches(text, at, word)) continue;
    const size_t end = at + word.size();
    const bool ascii = is_letter(word[0]);
    if (ascii && at > 0 && is_letter(text[at - 1])) continue;
    // "answers" is announced too, "answered" is not.
    size_t stop = end;
    if (stop < text.size() && text[stop] == 's') ++stop;
    if (ascii && stop < text.size() && is_letter(text[stop])) continue;
    // "Answer key: 7" is somebody else's.
    if (matches(text, stop, " key") || matches(text, stop, " sheet")) continue;
    return stop - at;
  }
  return 0;
}

size_t skip_decoration(std::string_view text, size_t at) {
  for (;;) {
    while (at < text.size() &&
           (is_blank(text[at]) || text[at] == '*' || text[at] == '_' || text[at] == ':' ||
            text[at] == '=' || text[at] == '#' || text[at] == '>'))
      ++at;
    if (text.substr(at).starts_with("\xef\xbc\x9a"))
      at += 3;
    else
      return at;
  }
}

size_t copula_at(std::string_view text, size_t at) {
  for (const std::string_view copula : kCopulas)
    if (matches(text, at, copula)) return copula.size();
  return 0;
}

bool is_value_start(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  const char c = text[at];
  if (is_digit(c) || c == '$' || c == '\\' || c == '(' || c == '[' || c == '{' || c == '|')
    return true;
  if ((c == '-' || c == '+' || c == '.') && at + 1 < text.size())
    return is_digit(text[at + 1]) || text[at + 1] == '\\' || text[at + 1] == '$';
  if (text.substr(at).starts_with("\xe2\x88\x92")) return true;  // a minus sign
  // One letter by itself: a choice or a variable.
  return is_letter(c) && (at + 1 == text.size() || !is_letter(text[at + 1])) &&
         !(at + 2 < text.size() && text[at + 1] == ' ' && is_letter(text[at + 2]) && c == 'a');
}

std::optional<Anchor> anchor_at(std::string_view text, size_t at, size_t length) {
  const size_t end = at + length;
  // "Answer $9$", "Final Answer\n5"
  const size_t direct = skip_decoration(text, end);
  const unsigned char first = static_cast<unsigned char>(text[at]);
  const bool comma = lower_case(text.substr(at, 3)) != "ans" && first < 0xE0;
  if (is_value_start(text, direct)) return Anchor{at, direct, comma};
  const size_t stop = std::min(end + kReach, text.size());
  for (size_t i = end; i < stop; ++i) {
    if (text[i] == '\n' && i > end + 2) break;
    if (text[i] == '.' && i + 1 < text.size() && is_blank(text[i + 1])) break;
    const size_t copula = copula_at(text, i);
    if (copula == 0) continue;
    const size_t answer = skip_decoration(text, i + copula);
    if (answer >= text.size()) return std::nullopt;
    return Anchor{at, answer, comma};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Anchor> last_anchor(std::string_view text) {
  for (size_t at = text.size(); at-- > 0;) {
    // No announcing word begins with a continuation byte.
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    const size_t length = word_at(text, at);
    if (length == 0 || only_supposed(text.substr(0, at))) continue;
    if (const auto anchor = anchor_at(text, at, length)) return anchor;
  }
  return std::nullopt;
}

std::optional<size_t> last_copula(std::string_view text, size_t from, size_t to) {
  for (size_t at = to; at-- > from;) {
    const size_t copula = copula_at(text, at);
    if (copula == 0) continue;
    const size_t behind = skip_decoration(text, at + copula);
    if (is_value_start(text, behind)) return behind;
  }
  return std::nullopt;
}

}  // namespace cohort::math
