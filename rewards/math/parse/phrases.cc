// Words that are a value.
#include <unordered_map>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/parser.h"
#include "rewards/math/parse/spoken_numbers.h"

namespace cohort::math {

namespace {

struct Value {
  Kind kind;
  const char* text;
};

const Value* find_value(const std::string& words) {
  static const std::unordered_map<std::string, Value> kTable = [] {
    std::unordered_map<std::string, Value> table;
    for (const char* words : {"infinity", "positive infinity", "infinite"})
      table[words] = {Kind::constant, "inf"};
    for (const char* words :
         {"undefined", "dne", "does not exist", "not defined", "it does not exist",
          "the limit does not exist", "limit does not exist", "indeterminate"})
      table[words] = {Kind::constant, "undefined"};
    for (const char* words : {"empty set", "the empty set", "null set"})
      table[words] = {Kind::empty_set, ""};
    for (const char* words :
         {"all real numbers", "all reals", "real numbers", "reals", "the real numbers",
          "the set of all real numbers", "the set of real numbers", "any real number",
          "all real values", "every real number"})
      table[words] = {Kind::number_set, "R"};
    for (const char* words : {"all integers", "integers", "the integers", "the set of integers",
                              "the set of all integers", "any integer"})
      table[words] = {Kind::number_set, "Z"};
    for (const char* words : {"all positive integers", "positive integers", "the positive integers",
                              "the set of positive integers"})
      table[words] = {Kind::number_set, "Z+"};
    for (const char* words : {"nonnegative integers", "non-negative integers",
                              "all nonnegative integers", "all non-negative integers"})
      table[words] = {Kind::number_set, "Z0+"};
    for (const char* words : {"positive real numbers", "all positive real numbers",
                              "positive reals", "all positive reals"})
      table[words] = {Kind::number_set, "R+"};
    for (const char* words : {"negative real numbers", "all negative real numbers"})
      table[words] = {Kind::number_set, "R-"};
    for (const char* words : {"nonnegative real numbers", "all nonnegative real numbers",
                              "non-negative real numbers", "all non-negative real numbers"})
      table[words] = {Kind::number_set, "R0+"};
    table["noon"] = {Kind::time, "12:00"};
    table["midnight"] = {Kind::time, "00:00"};
    for (const char* words : {"all rational numbers", "rational numbers"})
      table[words] = {Kind::number_set, "Q"};
    return table;
  }();
  const auto found = kTable.find(words);
  return found == kTable.end() ? nullptr : &found->second;
}

}  // namespace

Expr phrase(std::string_view words) {
  if (words.size() == 1 && is_capital(words[0])) return {Kind::choice, std::string(words)};
  if (words.size() == 1 && is_letter(words[0])) return {Kind::symbol, std::string(words)};
  const std::string lower = lower_case(words);
  for (const char* head : {"option ", "choice ", "answer "}) {
    const std::string_view rest = words;
    if (lower.starts_with(head) && rest.size() == std::string_view(head).size() + 1 &&
        is_letter(rest.back())) {
      const char letter = rest.back();
      return {Kind::choice,
              std::string(1, letter >= 'a' ? static_cast<char>(letter - 32) : letter)};
    }
  }
  if (const Value* value = find_value(lower)) return {value->kind, value->text};
  if (auto number = spoken_number(lower)) return std::move(*number);
  return {Kind::words, lower};
}

}  // namespace cohort::math
