#include "rewards/math/extract/units_behind.h"

#include <algorithm>
#include <array>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

constexpr size_t kLook = 48;  // bytes

// Names of units that are words of other meanings far more often.
bool is_common_word(std::string_view word) {
  static constexpr std::array<std::string_view, 12> kWords = {
      "in", "a", "A", "am", "pm", "at", "us", "min", "turn", "turns", "second", "foot"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::string_view take_word(std::string_view& rest) {
  size_t end = 0;
  while (end < rest.size() && is_letter(rest[end])) ++end;
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

std::string take_power(std::string_view& rest) {
  for (const auto& [text, power] : {std::pair<std::string_view, const char*>{"\xc2\xb2", "^2"},
                                    {"\xc2\xb3", "^3"},
                                    {"^2", "^2"},
                                    {"^3", "^3"},
                                    {"^{2}", "^2"},
                                    {"^{3}", "^3"}})
    if (rest.starts_with(text)) {
      rest.remove_prefix(text.size());
      return power;
    }
  return "";
}

}  // namespace

std::string unit_behind(std::string_view rest) {
  rest = rest.substr(0, kLook);
  bool glued = true;
  // Delimiters that close the formula.
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string_view close : {"$", "\\)", "\\]", "**", "\\,", "\\;", "\\ ", "~", " "}) {
      if (!rest.starts_with(close)) continue;
      rest.remove_prefix(close.size());
      if (close != "$" && close != "**") glued = false;
      changed = true;
    }
  }
  const bool in_text = rest.starts_with("\\text{");
  if (in_text) rest = trim(rest.substr(6));
  if (rest.starts_with("\\%") || rest.starts_with("%")) return "\\%";
  std::string power_word;
  std::string_view after = rest;
  std::string_view word = take_word(after);
  if (word == "square" || word == "cubic") {
    power_word = std::string(word) + " ";
    after = trim(after);
    word = take_word(after);
  }
  const std::string lower = lower_case(word);
  if (lower == "percent" || lower == "pct") return "\\%";
  // One letter behind a blank: "5 m", but not "5 A" of a choice.
  const bool doubtful = word.size() == 1 && !glued && word != "m" && word != "g" && word != "s" &&
                        word != "h" && word != "L" && word != "l";
  if (word.empty() || find_unit(word) == nullptr ||
      (!in_text && (is_common_word(word) || doubtful)))
    return "";
  const std::string power = take_power(after);
  // Behind a whole word only.
  if (!after.empty() && (static_cast<unsigned char>(after[0]) >= 0x80 || is_digit(after[0]) ||
                         after[0] == '-' || after[0] == '\''))
    return "";
  return "\\text{ " + power_word + std::string(word) + "}" + power;
}

}  // namespace cohort::math
