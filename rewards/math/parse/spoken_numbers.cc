#include "rewards/math/parse/spoken_numbers.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

using Words = std::vector<std::string_view>;

// n / d with the digits behind a point apart: "3.14".
struct Number {
  int64_t n = 0, d = 1;
  int64_t whole = 0;  // beside the fraction
  std::string decimals = {};
  bool negative = false;
};

int64_t value_in(const std::unordered_map<std::string_view, int64_t>& table,
                 std::string_view word) {
  const auto found = table.find(word);
  return found == table.end() ? -1 : found->second;
}

int64_t digit_of(std::string_view word) {
  static const std::unordered_map<std::string_view, int64_t> kDigits = {
      {"zero", 0}, {"one", 1}, {"two", 2},   {"three", 3}, {"four", 4},
      {"five", 5}, {"six", 6}, {"seven", 7}, {"eight", 8}, {"nine", 9}};
  return value_in(kDigits, word);
}

int64_t teen_of(std::string_view word) {
  static const std::unordered_map<std::string_view, int64_t> kTeens = {
      {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
      {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19}};
  return value_in(kTeens, word);
}

int64_t tens_of(std::string_view word) {
  static const std::unordered_map<std::string_view, int64_t> kTens = {
      {"twenty", 20}, {"thirty", 30},  {"forty", 40},  {"fourty", 40}, {"fifty", 50},
      {"sixty", 60},  {"seventy", 70}, {"eighty", 80}, {"ninety", 90}};
  return value_in(kTens, word);
}

int64_t scale_of(std::string_view word) {
  static const std::unordered_map<std::string_view, int64_t> kScales = {
      {"thousand", 1000},
      {"million", 1000000},
      {"billion", 1000000000},
      {"trillion", 1000000000000}};
  return value_in(kScales, word);
}

// "thirds" is {3, true}. Not "second", which is a duration.
struct Part {
  int64_t denominator = 0;
  bool plural = false;
};
Part part_of(std::string_view word) {
  static const std::unordered_map<std::string_view, int64_t> kParts = {
      {"third", 3},    {"quarter", 4},     {"fourth", 4},       {"fifth", 5},  {"sixth", 6},
      {"seventh", 7},  {"eighth", 8},      {"ninth", 9},        {"tenth", 10}, {"eleventh", 11},
      {"twelfth", 12}, {"hundredth", 100}, {"thousandth", 1000}};
  if (word == "half") return {2, false};
  if (word == "halves") return {2, true};
  if (const int64_t n = value_in(kParts, word); n > 0) return {n, false};
  if (!word.ends_with('s')) return {};
  const int64_t n = value_in(kParts, word.substr(0, word.size() - 1));
  return n > 0 ? Part{n, true} : Part{};
}

Words split(std::string_view text) {
  Words words;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" -"), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

class English {
 public:
  explicit English(const Words& words) : words_(words) {}

  // The number that the words begin with; `at()` is behind it.
  std::optional<Number> read() {
    Number number;
    number.negative = accept("minus") || accept("negative");
    if (is("half") || (is("a") && is("half", 1))) {
      at_ += is("a") ? 2 : 1;
      number.n = 1;
      number.d = 2;
      return number;
    }
    const bool article = is("a") && (is("dozen", 1) || is("hundred", 1) || scale_of(word(1)) > 0 ||
                                     part_of(word(1)).denominator > 0);
    int64_t value = 1;
    if (article) {
      ++at_;
      if (is("hundred") || scale_of(word()) > 0) {
        const auto whole = cardinal(1);
        if (!whole) return std::nullopt;
        value = *whole;
      }
    } else {
      const auto whole = cardinal(0);
      if (!whole) return std::nullopt;
      value = *whole;
    }
    if (accept("dozen")) {
      number.whole = value * 12;
      return number;
    }
    if (accept("point")) return decimals(std::move(number), value);
    if (take_part(value, number)) return number;
    if (article && value == 1) return std::nullopt;  // "a" alone
    number.whole = value;
    // "two and a half"
    const size_t behind = at_;
    if (accept("and")) {
      const bool one = accept("a");
      const auto numerator = one ? std::optional<int64_t>(1) : cardinal(0);
      if (numerator && take_part(*numerator, number) && number.n < number.d) return number;
      at_ = behind;
    }
    return number;
  }

  size_t at() const { return at_; }

 private:
  std::string_view word(size_t ahead = 0) const {
    return at_ + ahead < words_.size() ? words_[at_ + ahead] : std::string_view();
  }
  bool is(std::string_view text, size_t ahead = 0) const { return word(ahead) == text; }
  bool accept(std::string_view text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }

  // "two thirds", "one half"; not "twenty third", nor "ten thousandths".
  bool take_part(int64_t numerator, Number& number) {
    const Part part = part_of(word());
    if (part.denominator == 0 || part.plural != (numerator != 1)) return false;
    if (part.denominator >= 100 && (numerator > 99 || numerator == 10)) return false;
    if (part.denominator < 100 && numerator > 20) return false;
    ++at_;
    number.n = numerator;
    number.d = part.denominator;
    return true;
  }

  std::optional<Number> decimals(Number number, int64_t whole) {
    number.whole = whole;
    while (digit_of(word()) >= 0 && number.decimals.size() < 15) {
      number.decimals += static_cast<char>('0' + digit_of(word()));
      ++at_;
    }
    if (number.decimals.empty() || digit_of(word()) >= 0) return std::nullopt;
    return number;
  }

  // Below a hundred; -1 when there is none.
  int64_t small() {
    int64_t value = digit_of(word());
    if (value < 0) value = teen_of(word());
    if (value >= 0) {
      ++at_;
      return value;
    }
    value = tens_of(word());
    if (value < 0) return -1;
    ++at_;
    if (const int64_t unit = digit_of(word()); unit > 0) {
      value += unit;
      ++at_;
    }
    return value;
  }

  // `given`: "hundred" stands first, behind an "a".
  std::optional<int64_t> cardinal(int64_t given) {
    int64_t total = 0, last_scale = 0;
    bool any = false;
    for (;;) {
      const size_t start = at_;
      if (any) {
        // "one hundred and five"; the "and" of "two and a half" is not of this number.
        accept("and");
      }
      int64_t group = !any && given > 0 ? given : small();
      if (group < 0 || (any && group == 0)) {
        at_ = start;
        break;
      }
      if (is("hundred") && group > 0 && group < 100 && group % 10 != 0) {
        ++at_;
        group *= 100;
        const size_t behind = at_;
        accept("and");
        const int64_t rest = small();
        if (rest > 0) {
          group += rest;
        } else {
          at_ = behind;
        }
        // "one hundred two thirds" could be either.
        if (rest > 0 && part_of(word()).denominator > 0) return std::nullopt;
      }
      const int64_t scale = scale_of(word());
      if (scale > 0 && group > 0) {
        if (last_scale > 0 && scale >= last_scale) return std::nullopt;
        ++at_;
        total += group * scale;
        last_scale = scale;
        any = true;
        continue;
      }
      // Behind a scale only; the words in front of a part ("two thirds") are not of this number.
      if (any && part_of(word()).denominator > 0) {
        at_ = start;
        break;
      }
      total += group;
      any = true;
      break;
    }
    if (!any) return std::nullopt;
    return total;
  }

  const Words& words_;
  size_t at_ = 0;
};

// Chinese and Japanese numerals, by their UTF-8.
struct Sign {
  std::string_view text;
  int64_t value;  // a digit, or a power of ten
};
constexpr Sign kSigns[] = {
    {"\xe9\x9b\xb6", 0},         {"\xe3\x80\x87", 0},        {"\xe4\xb8\x80", 1},
    {"\xe4\xba\x8c", 2},         {"\xe4\xb8\xa4", 2},        {"\xe5\x85\xa9", 2},
    {"\xe4\xb8\x89", 3},         {"\xe5\x9b\x9b", 4},        {"\xe4\xba\x94", 5},
    {"\xe5\x85\xad", 6},         {"\xe4\xb8\x83", 7},        {"\xe5\x85\xab", 8},
    {"\xe4\xb9\x9d", 9},         {"\xe5\x8d\x81", 10},       {"\xe7\x99\xbe", 100},
    {"\xe5\x8d\x83", 1000},      {"\xe4\xb8\x87", 10000},    {"\xe8\x90\xac", 10000},
    {"\xe4\xba\xbf", 100000000}, {"\xe5\x84\x84", 100000000}};

std::optional<int64_t> ideographic(std::string_view text) {
  std::vector<int64_t> signs;
  while (!text.empty()) {
    const auto* sign = std::find_if(std::begin(kSigns), std::end(kSigns),
                                    [&](const Sign& s) { return text.starts_with(s.text); });
    if (sign == std::end(kSigns) || signs.size() > 16) return std::nullopt;
    signs.push_back(sign->value);
    text.remove_prefix(sign->text.size());
  }
  if (signs.empty()) return std::nullopt;
  if (std::all_of(signs.begin(), signs.end(), [](int64_t s) { return s < 10; })) {
    // A year is written digit by digit; "two three" is two or three.
    if (signs.size() > 1 && signs.size() < 4) return std::nullopt;
    int64_t value = 0;
    for (const int64_t digit : signs) value = value * 10 + digit;
    return value;
  }
  int64_t total = 0, section = 0, digit = -1, last_unit = 10000, last_scale = 1000000000000;
  int64_t before = 1;  // the last unit
  bool zero = false;   // was said since
  for (const int64_t sign : signs) {
    if (sign < 10) {
      if (digit > 0) return std::nullopt;
      zero = zero || sign == 0;
      digit = sign;
    } else if (sign < 10000) {
      if (sign >= last_unit || digit == 0) return std::nullopt;
      if (digit < 0 && !(sign == 10 && section == 0) && sign != 10) return std::nullopt;
      section += (digit < 0 ? 1 : digit) * sign;
      last_unit = before = sign;
      digit = -1;
      zero = false;
    } else {
      section += std::max<int64_t>(digit, 0);
      if (section == 0 || sign >= last_scale) return std::nullopt;
      total += section * sign;
      last_scale = before = sign;
      last_unit = 10000;
      section = 0;
      digit = -1;
      zero = false;
    }
  }
  if (digit > 0) {
    // "one hundred five" without its zero is 150 in speech.
    if (before > 10 && !zero) return std::nullopt;
    section += digit;
  }
  return total + section;
}

// The numbers of other languages that are words of no other one.
std::optional<int64_t> foreign(std::string_view word) {
  static const std::unordered_map<std::string_view, int64_t> kNumbers = {
      // Spanish, Portuguese, Italian
      {"cero", 0},
      {"uno", 1},
      {"dos", 2},
      {"tres", 3},
      {"cuatro", 4},
      {"cinco", 5},
      {"seis", 6},
      {"siete", 7},
      {"ocho", 8},
      {"nueve", 9},
      {"diez", 10},
      {"doce", 12},
      {"trece", 13},
      {"catorce", 14},
      {"quince", 15},
      {"veinte", 20},
      {"dois", 2},
      {"tr\xc3\xaas", 3},
      {"quatro", 4},
      {"sete", 7},
      {"oito", 8},
      {"nove", 9},
      {"dez", 10},
      {"doze", 12},
      {"vinte", 20},
      {"quattro", 4},
      {"cinque", 5},
      {"sette", 7},
      {"otto", 8},
      {"dieci", 10},
      {"undici", 11},
      {"dodici", 12},
      {"venti", 20},
      // French
      {"deux", 2},
      {"trois", 3},
      {"quatre", 4},
      {"cinq", 5},
      {"sept", 7},
      {"huit", 8},
      {"neuf", 9},
      {"dix", 10},
      {"onze", 11},
      {"douze", 12},
      {"treize", 13},
      {"quatorze", 14},
      {"quinze", 15},
      {"seize", 16},
      {"vingt", 20},
      // German, Dutch
      {"eins", 1},
      {"zwei", 2},
      {"drei", 3},
      {"vier", 4},
      {"f\xc3\xbcnf", 5},
      {"sechs", 6},
      {"sieben", 7},
      {"acht", 8},
      {"neun", 9},
      {"zehn", 10},
      {"zw\xc3\xb6lf", 12},
      {"zwanzig", 20},
      {"twee", 2},
      {"vijf", 5},
      {"zeven", 7},
      {"negen", 9},
      {"tien", 10},
      {"twaalf", 12},
      // Russian
      {"\xd0\xbd\xd0\xbe\xd0\xbb\xd1\x8c", 0},
      {"\xd0\xbe\xd0\xb4\xd0\xb8\xd0\xbd", 1},
      {"\xd0\xb4\xd0\xb2\xd0\xb0", 2},
      {"\xd1\x82\xd1\x80\xd0\xb8", 3},
      {"\xd1\x87\xd0\xb5\xd1\x82\xd1\x8b\xd1\x80\xd0\xb5", 4},
      {"\xd0\xbf\xd1\x8f\xd1\x82\xd1\x8c", 5},
      {"\xd1\x88\xd0\xb5\xd1\x81\xd1\x82\xd1\x8c", 6},
      {"\xd1\x81\xd0\xb5\xd0\xbc\xd1\x8c", 7},
      {"\xd0\xb2\xd0\xbe\xd1\x81\xd0\xb5\xd0\xbc\xd1\x8c", 8},
      {"\xd0\xb4\xd0\xb5\xd0\xb2\xd1\x8f\xd1\x82\xd1\x8c", 9},
      {"\xd0\xb4\xd0\xb5\xd1\x81\xd1\x8f\xd1\x82\xd1\x8c", 10},
  };
  const int64_t value = value_in(kNumbers, word);
  return value < 0 ? std::nullopt : std::optional(value);
}

Expr number_node(std::string text) { return {Kind::number, std::move(text)}; }

Expr tree_of(const Number& number) {
  Expr value = number_node(std::to_string(number.whole));
  if (!number.decimals.empty()) value.text += "." + number.decimals;
  if (number.n > 0) {
    Expr part{Kind::divide,
              "",
              {number_node(std::to_string(number.n)), number_node(std::to_string(number.d))}};
    value = number.whole == 0 ? std::move(part)
                              : Expr{Kind::mixed, "", {std::move(value), std::move(part)}};
  }
  return number.negative ? Expr{Kind::negate, "", {std::move(value)}} : value;
}

std::string digits_of(const Number& number) {
  std::string text = number.negative ? "-" : "";
  if (number.whole != 0 || number.n == 0) text += std::to_string(number.whole);
  if (!number.decimals.empty()) text += "." + number.decimals;
  if (number.n > 0)
    text += "\\frac{" + std::to_string(number.n) + "}{" + std::to_string(number.d) + "}";
  return text;
}

// a fen zhi b: b parts of a; bai fen zhi b: percent. fu: minus.
constexpr std::string_view kPartsOf = "\xe5\x88\x86\xe4\xb9\x8b", kHundred = "\xe7\x99\xbe",
                           kMinus = "\xe8\xb4\x9f";

std::optional<Expr> ideographic_number(std::string_view text) {
  if (text.starts_with(kMinus)) {
    auto size = ideographic_number(text.substr(kMinus.size()));
    if (!size || size->kind == Kind::negate) return std::nullopt;
    return Expr{Kind::negate, "", {std::move(*size)}};
  }
  if (const size_t parts = text.find(kPartsOf); parts != std::string_view::npos) {
    const auto above = ideographic(text.substr(parts + kPartsOf.size()));
    if (!above) return std::nullopt;
    Expr numerator = number_node(std::to_string(*above));
    if (text.substr(0, parts) == kHundred) return Expr{Kind::percent, "", {std::move(numerator)}};
    const auto below = ideographic(text.substr(0, parts));
    if (!below || *below == 0) return std::nullopt;
    return Expr{Kind::divide, "", {std::move(numerator), number_node(std::to_string(*below))}};
  }
  const auto value = ideographic(text);
  if (!value) return std::nullopt;
  return number_node(std::to_string(*value));
}

}  // namespace

std::optional<Expr> spoken_number(std::string_view words) {
  if (words.empty() || words.size() > 160) return std::nullopt;
  if (static_cast<unsigned char>(words[0]) >= 0xE3) return ideographic_number(words);
  const Words parts = split(words);
  English english(parts);
  if (const auto number = english.read(); number && english.at() == parts.size())
    return tree_of(*number);
  if (const auto value = foreign(words)) return number_node(std::to_string(*value));
  return std::nullopt;
}

std::optional<std::string> with_digits(std::string_view words) {
  if (words.empty() || words.size() > 160) return std::nullopt;
  const Words parts = split(words);
  English english(parts);
  const auto number = english.read();
  if (!number || english.at() == parts.size()) return std::nullopt;
  std::string text = digits_of(*number);
  for (size_t i = english.at(); i < parts.size(); ++i) {
    const std::string_view word = parts[i];
    const bool percent =
        word == "percent" || (word == "per" && i + 1 < parts.size() && parts[i + 1] == "cent");
    const bool unit = percent || word == "degrees" || word == "degree" || word == "square" ||
                      word == "cubic" || word == "per" || find_unit(word) != nullptr;
    // One letter is a variable.
    if (!unit || word.size() < 2) return std::nullopt;
    text += " " + std::string(word);
  }
  return text;
}

}  // namespace cohort::math
