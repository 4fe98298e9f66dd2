// What stands behind a value: percent signs, units, nouns, currencies, bases, large numbers.
#include <algorithm>
#include <charconv>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/operation_words.h"
#include "rewards/math/parse/parser.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// Numerals of scripts without blanks: wan, yi, qian, bai, zhao; man, eok.
bool has_numeral_sign(std::string_view word) {
  static constexpr std::string_view kSigns[] = {"\xe4\xb8\x87",
                                                "\xe8\x90\xac",
                                                "\xe4\xba\xbf",
                                                "\xe5\x84\x84",
                                                "\xe5\x8d\x83",
                                                "\xe7\x99\xbe",
                                                "\xe5\x8d\x81",
                                                "\xe5\x85\x86",
                                                "\xeb\xa7\x8c",
                                                "\xec\x96\xb5",
                                                "\xec\xb2\x9c",
                                                "\xe5\x80\x8d",
                                                "\xe5\x88\x86\xe4\xb9\x8b",
                                                "\xe4\xb8\x8d",
                                                "\xe8\xb4\x9f"};
  return std::any_of(std::begin(kSigns), std::end(kSigns), [&](std::string_view sign) {
    return word.find(sign) != std::string_view::npos;
  });
}

// Signs that are no letters: what they do to their neighbour is not known.
bool has_sign(std::string_view word) {
  for (size_t at = 0; at < word.size();) {
    const char32_t c = next_code_point(word, at);
    if ((c >= 0xA1 && c <= 0xBF && c != 0xAA && c != 0xBA) || c == 0xD7 || c == 0xF7 ||
        (c >= 0x2000 && c <= 0x2BFF) || c == 0xFFFD)
      return true;
  }
  return false;
}

const char* zeros_of(std::string_view word) {
  static constexpr struct {
    std::string_view word;
    const char* number;
  } kMultipliers[] = {{"dozen", "12"},
                      {"dozens", "12"},
                      {"hundred", "100"},
                      {"thousand", "1000"},
                      {"million", "1000000"},
                      {"millions", "1000000"},
                      {"billion", "1000000000"},
                      {"billions", "1000000000"},
                      {"trillion", "1000000000000"},
                      {"trillions", "1000000000000"},
                      {"lakh", "100000"},
                      {"lakhs", "100000"},
                      {"crore", "10000000"},
                      {"crores", "10000000"},
                      {"\xe4\xb8\x87", "10000"},
                      {"\xe4\xba\xbf", "100000000"},
                      {"\xe5\x8d\x83", "1000"}};
  for (const auto& entry : kMultipliers)
    if (word == entry.word) return entry.number;
  return nullptr;
}

const char* base_of(std::string_view word) {
  static constexpr struct {
    const char* word;
    const char* base;
  } kBases[] = {{"two", "2"},  {"three", "3"},   {"four", "4"},    {"five", "5"},
                {"six", "6"},  {"seven", "7"},   {"eight", "8"},   {"nine", "9"},
                {"ten", "10"}, {"eleven", "11"}, {"twelve", "12"}, {"sixteen", "16"}};
  for (const auto& entry : kBases)
    if (word == entry.word) return entry.base;
  return nullptr;
}

}  // namespace

Expr Parser::quantity(Expr value, std::string unit) {
  if (value.kind == Kind::quantity) {
    // "$5 dollars" says its unit twice.
    if (value.text == unit) return value;
    fail("one unit");
  }
  return unary(Kind::quantity, std::move(unit), std::move(value));
}

bool Parser::suffix(std::vector<Expr>& factors) {
  if (is(Tok::percent)) {
    const bool mille = now().text == "mille";
    advance();
    Expr whole = product(std::move(factors));
    factors.clear();
    factors.push_back(mille ? binary(Kind::divide, "", std::move(whole), leaf(Kind::number, "1000"))
                            : unary(Kind::percent, "", std::move(whole)));
    return true;
  }
  if (is(Tok::currency)) {
    // "5\$", but not the sign of the next number
    if (next().type == Tok::number && !next().blank_before) return false;
    std::string unit = now().text;
    advance();
    Expr whole = quantity(product(std::move(factors)), std::move(unit));
    factors.clear();
    factors.push_back(std::move(whole));
    return true;
  }
  if (symbol_units_ahead() || letter_unit_ahead()) {
    Expr whole = product(std::move(factors));
    factors.clear();
    tokens_[at_].type = Tok::text;
    if (!unit_suffix(whole)) fail("a unit");
    factors.push_back(with_smaller_units(std::move(whole)));
    return true;
  }
  // "1011 (base 2)"
  if (is(Tok::open_round) && next().type == Tok::text && factors.size() == 1 &&
      lower_case(next().text).starts_with("base")) {
    advance();
    if (!word_suffix(factors.front())) fail("a base");
    expect(Tok::close_round, "')'");
    return true;
  }
  if (!is(Tok::text) || is_separator_text()) return false;
  Expr whole = product(std::move(factors));
  factors.clear();
  const bool taken = unit_suffix(whole) || word_suffix(whole);
  factors.push_back(std::move(whole));
  if (!taken) return false;
  factors.back() = with_smaller_units(std::move(factors.back()));
  return true;
}

// "10 m/s" in plain letters: a number, a blank, and nothing else than units with a '/'.
bool Parser::symbol_units_ahead() const {
  if (!is(Tok::symbol) || !now().blank_before || at_ == 0 || tokens_[at_ - 1].type != Tok::number)
    return false;
  if (find_unit(now().text) == nullptr || next().type != Tok::slash) return false;
  const Token& below = next(2);
  if ((below.type != Tok::symbol && below.type != Tok::text) || find_unit(below.text) == nullptr)
    return false;
  return next(3).type == Tok::end || next(3).type == Tok::caret;
}

// "2h", "30 m": a letter behind a number, where the gold answer or the larger unit before it has
// its dimension.
bool Parser::letter_unit_ahead() const {
  if (!expected_.dimension || !is(Tok::symbol) || at_ == 0 || tokens_[at_ - 1].type != Tok::number)
    return false;
  const Unit* unit = find_unit(now().text, expected_);
  if (unit == nullptr) return false;
  for (size_t base = 0; base < kBases; ++base)
    if (unit->dimension[base] != 0 && (*expected_.dimension)[base] == 0) return false;
  switch (next().type) {
    case Tok::number:
    case Tok::caret:
    case Tok::end:
    case Tok::comma:
    case Tok::and_:
    case Tok::close_group:
      return true;
    default:
      return false;
  }
}

// "cm", "square inches", "m/s", "kg m^2 / s^2", "miles per hour".
bool Parser::unit_suffix(Expr& value) {
  const size_t start = at_;
  std::vector<UnitPower> powers;
  std::vector<std::string> words;
  int sign = 1, power = 1;
  bool after_over = false;
  const auto take_words = [&]() -> bool {
    std::string_view text = now().text;
    const Unit* whole = find_unit(text, expected_);
    if (whole != nullptr && text.find(' ') != std::string_view::npos) {
      powers.push_back({whole, sign * power});
      return true;
    }
    for (const std::string_view word : split_words(text)) {
      const std::string lower = lower_case(word);
      if (lower == "per" || lower == "a" || lower == "an" || lower == "each") {
        if (powers.empty()) return false;
        sign = -1;
      } else if (lower == "square" || lower == "sq" || lower == "sq.") {
        power = 2;
      } else if (lower == "cubic" || lower == "cu") {
        power = 3;
      } else if ((lower == "squared" || lower == "cubed") && !powers.empty()) {
        powers.back().exponent *= lower == "squared" ? 2 : 3;
      } else if (const Unit* unit = find_unit(word, expected_)) {
        powers.push_back({unit, sign * power});
        power = 1;
      } else {
        return false;
      }
    }
    return true;
  };
  for (;;) {
    // "7K" are seven thousand or kelvins.
    if (is(Tok::text) && now().text == "K" && !now().blank_before) fail("a unit");
    if (is(Tok::text) || (after_over && is(Tok::symbol))) {
      if (is_separator_text() || !take_words()) {
        // A unit followed by other words ("5 cm long") is read as a noun phrase.
        at_ = start;
        return false;
      }
      advance();
      after_over = false;
      if (is(Tok::caret)) {
        advance();
        const bool braced = accept(Tok::open_group);
        const bool negative = accept(Tok::minus);
        int exponent = 0;
        const std::string& digits = now().text;
        if (!is(Tok::number) || digits.size() > 1) fail("the power of a unit");
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        advance();
        if (braced) expect(Tok::close_group, "'}'");
        if (powers.empty()) fail("a unit");
        powers.back().exponent *= negative ? -exponent : exponent;
      }
    } else if (is(Tok::slash) && (next().type == Tok::text || next().type == Tok::symbol) &&
               find_unit(split_words(next().text).front()) != nullptr) {
      advance();
      sign = -1;
      after_over = true;
    } else if (is(Tok::times) && next().type == Tok::text &&
               find_unit(split_words(next().text).front()) != nullptr) {
      advance();
    } else {
      break;
    }
  }
  if (powers.empty() || power != 1) {
    at_ = start;
    return false;
  }
  value = quantity(std::move(value), unit_text(powers));
  return true;
}

bool Parser::word_suffix(Expr& value) {
  std::vector<std::string_view> words = split_words(now().text);
  if (words.empty()) return false;
  std::string first = lower_case(words.front());
  if (first == "a.m" || first == "a.m.") first = "am";
  if (first == "p.m" || first == "p.m.") first = "pm";
  if (first == "th" || first == "st" || first == "nd" || first == "rd") {
    if (words.size() > 1 || value.kind != Kind::number) return false;
    advance();
    value = unary(Kind::apply, "ordinal", std::move(value));
    return true;
  }
  if (first == "am" || first == "pm") {
    advance();
    value = unary(Kind::quantity, first, std::move(value));
    return true;
  }
  if (const char* zeros = zeros_of(first)) {
    value = binary(Kind::multiply, "", std::move(value), leaf(Kind::number, zeros));
    if (words.size() == 1)
      advance();
    else
      tokens_[at_].text = now().text.substr(first.size() + 1);
    return true;
  }
  if (first == "base" || first == "in") {
    const bool in_base = first == "in" && words.size() >= 2 && lower_case(words[1]) == "base";
    if (first == "base" || in_base) {
      const size_t named = in_base ? 2 : 1;
      if (value.kind != Kind::number) fail("digits before 'base'");
      Expr base;
      if (words.size() > named) {
        const char* digits = base_of(lower_case(words[named]));
        if (digits == nullptr) fail("a base");
        base = leaf(Kind::number, digits);
        advance();
      } else {
        advance();
        if (!is(Tok::number)) fail("a base");
        base = number();
      }
      value = unary(Kind::based, value.text, std::move(base));
      return true;
    }
  }
  // A noun phrase, to the end of the item.
  const size_t start = at_;
  std::string phrase;
  size_t count = 0;
  while (is(Tok::text) && !is_separator_text()) {
    for (const std::string_view word : split_words(now().text)) {
      const std::string lower = lower_case(word);
      if (is_no_noun(lower) || has_numeral_sign(lower) || has_sign(lower) || ++count > 6) {
        at_ = start;
        return false;
      }
      phrase += (phrase.empty() ? "" : " ") + lower;
    }
    advance();
  }
  // "units^2" are square units.
  if (is(Tok::caret)) {
    const bool braced = next().type == Tok::open_group;
    const Token& power = next(braced ? 2 : 1);
    if (power.type == Tok::number && (power.text == "2" || power.text == "3") &&
        (!braced || next(3).type == Tok::close_group)) {
      phrase = (power.text == "2" ? "square " : "cubic ") + phrase;
      at_ += braced ? 4 : 2;
    }
  }
  if (!ends_item()) {
    at_ = start;
    return false;
  }
  value = phrase == "per cent" ? unary(Kind::percent, "", std::move(value))
                               : quantity(std::move(value), std::move(phrase));
  return true;
}

}  // namespace cohort::math
