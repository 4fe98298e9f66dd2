#include "rewards/math/extract/retraction.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

constexpr size_t kReach = 2000;  // bytes

// Of whole words, lower case.
constexpr std::array<std::string_view, 26> kRetractions = {"that's wrong",
                                                           "that is wrong",
                                                           "this is wrong",
                                                           "that was wrong",
                                                           "that's incorrect",
                                                           "that is incorrect",
                                                           "this is incorrect",
                                                           "that's not right",
                                                           "that is not right",
                                                           "this is not right",
                                                           "that's not correct",
                                                           "that is not correct",
                                                           "this is not correct",
                                                           "isn't right",
                                                           "isn't correct",
                                                           "made a mistake",
                                                           "made an error",
                                                           "i was wrong",
                                                           "scratch that",
                                                           "should have been",
                                                           "my mistake",
                                                           "on second thought",
                                                           "let me correct",
                                                           "wait, no",
                                                           "no, wait",
                                                           "correction:"};
constexpr std::array<std::string_view, 5> kHesitations = {"wait,", "wait!", "wait:", "hmm",
                                                          "hold on,"};

std::optional<size_t> last_of(std::string_view text, std::string_view phrase) {
  for (size_t at = text.rfind(phrase); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : text.rfind(phrase, at - 1)) {
    const size_t end = at + phrase.size();
    const bool whole =
        (at == 0 || !is_letter(text[at - 1])) && (end == text.size() || !is_letter(text[end]));
    if (whole) return end;
  }
  return std::nullopt;
}

// The last word of `text`, which loses it.
std::string take_last_word(std::string_view& text) {
  while (!text.empty() && (is_blank(text.back()) || text.back() == '*' || text.back() == '_'))
    text.remove_suffix(1);
  size_t start = text.size();
  while (start > 0 && is_letter(text[start - 1])) --start;
  const std::string word = lower_case(text.substr(start));
  text = text.substr(0, start);
  return word;
}

}  // namespace

std::optional<size_t> retraction(std::string_view behind, bool hesitation) {
  behind = behind.substr(0, kReach);
  // With ASCII quotes, and where each byte came from.
  std::string lower;
  std::vector<size_t> place;
  for (size_t i = 0; i < behind.size(); ++i) {
    const bool quote = behind.substr(i).starts_with("\xe2\x80\x99");
    lower += quote ? '\'' : behind[i];
    place.push_back(i);
    if (quote) i += 2;
  }
  lower = lower_case(lower);
  std::optional<size_t> last;
  const auto look = [&](std::string_view phrase) {
    const auto end = last_of(lower, phrase);
    if (end && (!last || *end > *last)) last = end;
  };
  for (const std::string_view phrase : kRetractions) look(phrase);
  if (hesitation)
    for (const std::string_view phrase : kHesitations) look(phrase);
  if (last) last = *last < place.size() ? place[*last] : behind.size();
  return last;
}

bool only_supposed(std::string_view before) {
  static constexpr std::array<std::string_view, 14> kArticles = {
      "the",   "my",      "our",   "your",   "a",    "an",      "that",
      "final", "correct", "right", "actual", "true", "instead", "common"};
  static constexpr std::array<std::string_view, 13> kSuppositions = {
      "if",      "suppose", "supposing", "assume",    "assuming", "whether", "unless",
      "imagine", "pretend", "wrong",     "incorrect", "false",    "mistaken"};
  for (size_t words = 0; words < 5; ++words) {
    const std::string word = take_last_word(before);
    if (std::ranges::find(kSuppositions, word) != kSuppositions.end()) return true;
    if (std::ranges::find(kArticles, word) == kArticles.end()) return false;
  }
  return false;
}

}  // namespace cohort::math
