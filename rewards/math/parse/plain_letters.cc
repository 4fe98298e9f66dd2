#include "rewards/math/parse/plain_letters.h"

#include <algorithm>
#include <array>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/names.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

// Units that are as likely a product of two variables when they touch a number.
bool is_doubtful_unit(std::string_view letters) {
  static constexpr std::array<std::string_view, 14> kDoubtful = {
      "in", "mi", "ha", "lb", "yd", "oz", "pt", "qt", "um", "nm", "ms", "us", "ly", "kN"};
  return std::find(kDoubtful.begin(), kDoubtful.end(), letters) != kDoubtful.end();
}

bool is_meridiem(std::string_view letters) {
  const std::string lower = lower_case(letters);
  return lower == "am" || lower == "pm" || lower == "a.m" || lower == "p.m" || lower == "a.m." ||
         lower == "p.m.";
}

void split_symbols(std::string_view letters, std::vector<LettersPart>& parts) {
  for (size_t i = 0; i < letters.size(); ++i) parts.push_back({Tok::symbol, letters.substr(i, 1)});
}

}  // namespace

bool is_word(std::string_view letters) {
  static constexpr std::array<std::string_view, 35> kShort = {
      "yes",  "no",   "odd",  "even", "true", "one",  "two",  "six",  "ten",
      "four", "five", "nine", "zero", "none", "both", "east", "west", "north",
      "red",  "blue", "for",  "the",  "all",  "any",  "not",  "base", "men",
      "only", "real", "then", "when", "if",   "to",   "in",   "per"};
  if (std::any_of(letters.begin(), letters.end(),
                  [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return true;
  const std::string lower = lower_case(letters);
  if (std::find(kShort.begin(), kShort.end(), lower) != kShort.end() || letters == "DNE")
    return true;
  if (letters.size() < 4) return false;
  const std::string_view rest = letters.substr(1);
  const bool lower_tail =
      std::all_of(rest.begin(), rest.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  const bool spoken = lower.find_first_of("aeiouy") != std::string::npos &&
                      lower.find_first_not_of("aeiouy") != std::string::npos;
  return lower_tail && spoken && (letters.size() >= 5 || lower != "abcd");
}

std::vector<LettersPart> split_letters(std::string_view letters, const LettersContext& where) {
  std::vector<LettersPart> parts;
  if (where.after_value && is_meridiem(letters)) return {{Tok::text, letters}};
  if (letters.size() >= 2 && where.after_number &&
      (where.blank_before || !is_doubtful_unit(letters)) && find_unit(letters) != nullptr)
    return {{Tok::text, letters}};
  if (where.after_number && !where.blank_before &&
      (letters == "st" || letters == "nd" || letters == "rd" || letters == "th"))
    return {{Tok::text, letters}};  // 5th
  if (const Meaning* meaning = find_plain_name(letters)) return {{meaning->type, meaning->text}};
  if (letters.size() == 1) return {{Tok::symbol, letters}};
  const std::string_view stem = letters.substr(0, letters.size() - 1);
  const Meaning* named = letters.back() == 'x' ? find_plain_name(stem) : nullptr;
  const bool of_x = named != nullptr && named->type == Tok::function;  // "sinx" is no word
  if (!of_x && where.after_word) return {{Tok::text, letters}};
  if (!of_x && where.blank_before && is_word(letters)) return {{Tok::text, letters}};
  // "sinx", "xsin", "2pir": a name and one or two variables.
  for (size_t own = letters.size() - 1; own >= 2; --own) {
    const Meaning* head = find_plain_name(letters.substr(0, own));
    if (head != nullptr &&
        (head->type == Tok::function || head->type == Tok::symbol || head->type == Tok::command) &&
        letters.size() - own == 1) {
      parts.push_back({head->type, head->text});
      split_symbols(letters.substr(own), parts);
      return parts;
    }
    const Meaning* tail = find_plain_name(letters.substr(letters.size() - own));
    if (tail != nullptr &&
        (tail->type == Tok::function || tail->type == Tok::symbol || tail->type == Tok::command) &&
        letters.size() - own <= 2 && (where.before_call || tail->type == Tok::symbol)) {
      split_symbols(letters.substr(0, letters.size() - own), parts);
      parts.push_back({tail->type, tail->text});
      return parts;
    }
  }
  if (std::any_of(letters.begin(), letters.end(),
                  [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return {{Tok::text, letters}};
  split_symbols(letters, parts);
  return parts;
}

}  // namespace cohort::math
