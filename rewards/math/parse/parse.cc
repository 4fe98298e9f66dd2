#include "rewards/math/parse/parse.h"

#include <fmt/format.h>

#include <algorithm>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/delimiters.h"
#include "rewards/math/parse/lexer.h"
#include "rewards/math/parse/names.h"
#include "rewards/math/parse/parser.h"
#include "rewards/math/parse/plain_letters.h"
#include "rewards/math/parse/spoken_numbers.h"

namespace cohort::math {

namespace {

constexpr size_t kMaxWords = 16;

struct Words {
  std::string text;  // single blanks
  size_t count = 0;
  bool letters_only = true;   // no digits
  bool spoken = false;        // some of them is a word of a language
  bool mathematical = false;  // some of them is a variable or a function
};

// `text` as plain words; nothing when it has anything but letters, digits and light punctuation.
std::optional<Words> plain_words(std::string_view text) {
  Words words;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (is_word_byte(c) || is_digit(c)) {
      const size_t start = i;
      while (i < text.size() && (is_word_byte(text[i]) || is_digit(text[i]) ||
                                 ((text[i] == '\'' || text[i] == '-') && i + 1 < text.size() &&
                                  is_word_byte(text[i + 1]))))
        ++i;
      const std::string_view word = text.substr(start, i - start);
      const bool letters = std::none_of(word.begin(), word.end(), is_digit);
      words.letters_only = words.letters_only && letters;
      words.text += (words.count++ > 0 ? " " : "") + std::string(word);
      if (letters && is_word(word)) words.spoken = true;
      if ((word.size() == 1 && word != "a" && word != "I") || find_plain_name(word) != nullptr)
        words.mathematical = words.mathematical || (word != "and" && word != "or" &&
                                                    word != "infinity" && word != "Infinity");
    } else if (is_blank(c) || c == '.' || c == '"' || c == '!' || c == '\'') {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  if (words.count == 0) return std::nullopt;
  return words;
}

// "B.", "B)", "B: 12", "B. 12"
std::optional<std::string_view> lettered(std::string_view text) {
  if (text.size() < 2 || text[0] < 'A' || text[0] > 'H') return std::nullopt;
  if (text[1] != '.' && text[1] != ')' && text[1] != ':') return std::nullopt;
  const std::string_view rest = trim(text.substr(2));
  if (!rest.empty() && text.size() > 2 && !is_blank(text[2])) return std::nullopt;
  return rest;
}

// "{a \over b}" as "\frac{a}{b}", "{n \choose k}" as "\binom{n}{k}".
std::string without_infix_commands(std::string text) {
  static constexpr std::pair<std::string_view, const char*> kCommands[] = {
      {"\\over", "\\frac{"}, {"\\choose", "\\binom{"}};
  for (const auto& [infix, prefix] : kCommands) {
    size_t at = text.find(infix);
    for (int count = 0; at != std::string::npos && count < 16; ++count) {
      const size_t behind = at + infix.size();
      if (behind >= text.size() || is_letter(text[behind])) {
        at = text.find(infix, behind);
        continue;
      }
      size_t first = at, last = behind;
      for (int depth = 0; first > 0; --first) {
        if (text[first - 1] == '}') ++depth;
        if (text[first - 1] == '{' && depth-- == 0) break;
      }
      for (int depth = 0; last < text.size(); ++last) {
        if (text[last] == '{') ++depth;
        if (text[last] == '}' && depth-- == 0) break;
      }
      text = text.substr(0, first) + prefix + text.substr(first, at - first) + "}{" +
             text.substr(behind, last - behind) + "}" + text.substr(last);
      at = text.find(infix);
    }
  }
  return text;
}

// A script behind `at`, with its sign: "_{10}", "^3". Empty when there is none; `at` behind it.
std::string_view script(std::string_view text, size_t& at, char sign) {
  size_t i = at;
  if (i >= text.size() || text[i] != sign) return {};
  ++i;
  size_t stop;
  if (i < text.size() && text[i] == '{') {
    stop = text.find('}', i);
    if (stop == std::string_view::npos ||
        text.substr(i + 1, stop - i - 1).find('{') != std::string_view::npos)
      return {};
    at = stop + 1;
    return text.substr(i + 1, stop - i - 1);
  }
  stop = i + 1;
  if (stop > text.size() || (!is_digit(text[i]) && !is_letter(text[i]))) return {};
  at = stop;
  return text.substr(i, 1);
}

// "{}_{10}C_3", "^{10}C_3", "10C3": the number of combinations as \binom{10}{3}.
std::string combinations(const std::string& text) {
  if (text.find('C') == std::string::npos) return text;
  size_t at = text.starts_with("{}") ? 2 : 0;
  std::string_view n = script(text, at, '_');
  if (n.empty()) n = script(text, at, '^');
  const bool touching = n.empty() && at == 0;
  if (touching) {
    while (at < text.size() && is_digit(text[at])) ++at;
    n = std::string_view(text).substr(0, at);
  }
  if (n.empty()) return text;
  std::string_view rest = std::string_view(text).substr(at);
  for (const std::string_view letter : {"C", "\\mathrm{C}", "\\text{C}", "\\mathrm C"}) {
    if (!rest.starts_with(letter)) continue;
    size_t behind = letter.size();
    std::string_view k;
    if (touching) {  // 5C_2 is a product
      while (behind < rest.size() && is_digit(rest[behind])) ++behind;
      k = rest.substr(letter.size(), behind - letter.size());
      if (behind != rest.size()) return text;
    } else {
      k = script(rest, behind, '_');
    }
    if (k.empty()) return text;
    return "\\binom{" + std::string(n) + "}{" + std::string(k) + "}" +
           std::string(rest.substr(behind));
  }
  return text;
}

// "Choice (A)", "\text{Option A}"
std::optional<char> named_choice(std::string_view text) {
  for (const std::string_view open : {"\\text{", "\\textbf{", "\\mathrm{"})
    if (text.starts_with(open) && text.ends_with('}'))
      text = text.substr(open.size(), text.size() - open.size() - 1);
  const std::string lower = lower_case(text);
  for (const std::string_view head : {"choice", "option", "answer", "letter"}) {
    if (!lower.starts_with(head)) continue;
    std::string_view rest = trim(text.substr(head.size()));
    if (rest.starts_with('~')) rest.remove_prefix(1);
    if (rest.size() == 3 && rest.front() == '(' && rest.back() == ')') rest = rest.substr(1, 1);
    if (rest.size() == 1 && is_capital(rest[0])) return rest[0];
  }
  return std::nullopt;
}

Parsed parse_plain(const std::string& text, const Expected& expected, Budget& budget) {
  const std::optional<Words> words = plain_words(text);
  if (words && words->letters_only && words->count <= kMaxWords) {
    const std::string lower = lower_case(words->text);
    if (auto number = spoken_number(lower)) return {std::move(*number), {}};
    if (const auto digits = with_digits(lower)) return parse_plain(*digits, expected, budget);
  }
  if (words && words->letters_only && words->count >= 2 && words->spoken && !words->mathematical &&
      words->count <= kMaxWords)
    return {phrase(words->text), {}};
  try {
    return {Parser(lex(text, budget), text, expected, budget).parse(), {}};
  } catch (const Unreadable& unreadable) {
    if (words && words->spoken && words->count <= kMaxWords) return {phrase(words->text), {}};
    return {std::nullopt,
            fmt::format("expected {} at byte {}", unreadable.expected, unreadable.at)};
  }
}

}  // namespace

Parsed parse_answer(std::string_view text, Budget& budget, const Expected& expected) {
  budget.check(BudgetSpent::bytes, static_cast<int64_t>(text.size()), budget.limits().bytes);
  budget.step(1 + static_cast<int64_t>(text.size()) / 64);
  std::string plain = combinations(
      without_infix_commands(without_delimiters(plain_characters(repair_escapes(text)))));
  if (expected.one_number) plain = as_one_number(plain);
  if (plain.empty()) return {std::nullopt, "expected an answer at byte 0"};
  if (const auto letter = named_choice(plain))
    return {Expr{Kind::choice, std::string(1, *letter)}, {}};
  const auto rest = lettered(plain);
  if (!rest) return parse_plain(plain, expected, budget);
  Expr letter{Kind::choice, plain.substr(0, 1)};
  if (rest->empty()) return {std::move(letter), {}};
  Parsed value = parse_plain(without_delimiters(*rest), expected, budget);
  if (!value.expr) return value;
  Expr both{Kind::relation, "="};
  both.children.push_back(std::move(letter));
  both.children.push_back(std::move(*value.expr));
  return {std::move(both), {}};
}

}  // namespace cohort::math
