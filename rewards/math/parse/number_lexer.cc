#include "rewards/math/parse/number_lexer.h"

#include <algorithm>

#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

size_t digits_end(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

bool starts(std::string_view text, size_t at, std::string_view what) {
  return at <= text.size() && text.substr(at).starts_with(what);
}

enum class Separator { comma, brace_comma, thin, blank, point, apostrophe, underscore };

// The byte behind a separator of this kind at `at`; `at` when there is none.
size_t skip_separator(std::string_view text, size_t at, Separator kind) {
  const auto behind_thin = [&](size_t i) {
    while (starts(text, i, "\\!")) i += 2;
    while (i < text.size() && text[i] == ' ') ++i;
    return i;
  };
  switch (kind) {
    case Separator::comma:
      return at < text.size() && text[at] == ',' ? at + 1 : at;
    case Separator::brace_comma:
      if (starts(text, at, "{,}")) return behind_thin(at + 3);
      if (starts(text, at, "{,\\!}")) return behind_thin(at + 5);
      if (starts(text, at, ",\\!")) return behind_thin(at + 1);
      return starts(text, at, "\\!,") ? behind_thin(at + 3) : at;
    case Separator::thin:
      for (const std::string_view thin : {"\\,", "\\;", "\\:", "\\ ", "~", "{}", "\\thinspace"})
        if (starts(text, at, thin)) return behind_thin(at + thin.size());
      return at;
    case Separator::blank:
      return at < text.size() && text[at] == ' ' ? at + 1 : at;
    case Separator::point:
      return at < text.size() && text[at] == '.' ? at + 1 : at;
    case Separator::apostrophe:
      return at < text.size() && text[at] == '\'' ? at + 1 : at;
    case Separator::underscore:
      return at < text.size() && text[at] == '_' ? at + 1 : at;
  }
  return at;
}

// Behind groups of three digits, each after a separator; `at` (the end of the first digits) when
// what stands there is no such run of groups. `count` is the number of groups.
size_t groups_end(std::string_view text, size_t at, Separator kind, int& count) {
  size_t end = at;
  count = 0;
  for (;;) {
    const size_t group = skip_separator(text, end, kind);
    if (group == end || group >= text.size() || !is_digit(text[group])) return end;
    const size_t stop = digits_end(text, group);
    // "1,234,5" and "100 2000" are no thousands at all.
    if (stop - group != 3) {
      count = 0;
      return at;
    }
    end = stop;
    ++count;
  }
}

void append_digits(std::string_view text, std::string& out) {
  for (const char c : text)
    if (is_digit(c)) out += c;
}

// "{3}", " 3", "3", of \overline{3} and \dot 3.
size_t braced_digits(std::string_view text, size_t at, std::string& digits) {
  size_t i = at;
  while (i < text.size() && text[i] == ' ') ++i;
  const bool braced = i < text.size() && text[i] == '{';
  if (braced) ++i;
  const size_t end = braced ? digits_end(text, i) : std::min(digits_end(text, i), i + 1);
  if (end == i || (braced && (end >= text.size() || text[end] != '}'))) return at;
  digits = text.substr(i, end - i);
  return end + (braced ? 1 : 0);
}

// A repeating part behind decimals: \overline{6}, \bar{6}, \dot{6}, \dot{1}4\dot{2}, (6).
size_t repeating_end(std::string_view text, size_t at, std::string& digits) {
  for (const std::string_view command : {"\\overline", "\\bar"}) {
    if (!starts(text, at, command)) continue;
    const size_t argument = at + command.size(), end = braced_digits(text, argument, digits);
    return end == argument ? at : end;
  }
  if (starts(text, at, "\\dot")) {
    const size_t first = braced_digits(text, at + 4, digits);
    if (first == at + 4) return at;
    const size_t middle = digits_end(text, first);
    if (!starts(text, middle, "\\dot")) return first;
    std::string last;
    const size_t end = braced_digits(text, middle + 4, last);
    if (end == middle + 4) return first;
    digits += text.substr(first, middle - first);
    digits += last;
    return end;
  }
  if (at >= text.size() || text[at] != '(') return at;
  const size_t end = digits_end(text, at + 1);
  if (end == at + 1 || end >= text.size() || text[end] != ')') return at;
  // 0.1(6) alone is a repeating decimal; 0.1(6)x is a product.
  size_t next = end + 1;
  while (next < text.size() && is_blank(text[next])) ++next;
  if (next < text.size() && std::string_view(",;})]%=$").find(text[next]) == std::string_view::npos)
    return at;
  digits = text.substr(at + 1, end - at - 1);
  return end + 1;
}

// 1.5e3, 1e-5, 2E6; not 2e-1, which is 2e - 1.
size_t exponent_end(std::string_view text, size_t at, bool has_point, bool is_one,
                    std::string& exponent) {
  if (at >= text.size() || (text[at] != 'e' && text[at] != 'E')) return at;
  const bool capital = text[at] == 'E';
  size_t i = at + 1;
  const bool has_sign = i < text.size() && (text[i] == '-' || text[i] == '+');
  if (has_sign) ++i;
  const size_t end = digits_end(text, i);
  if (end == i || (has_sign && !capital && !has_point && !is_one)) return at;
  exponent = (has_sign && text[at + 1] == '-' ? "-" : "") + std::string(text.substr(i, end - i));
  return end;
}

// The length of a period that the last decimals show three times and more; 0: none.
size_t shown_period(std::string_view decimals) {
  for (size_t period = 1; period * 3 <= decimals.size() && period <= 24; ++period) {
    const std::string_view tail = decimals.substr(decimals.size() - period * 3);
    if (tail.substr(0, period * 2) == tail.substr(period)) return period;
  }
  return 0;
}

// Behind "..." and its like at `at`; `at` when there is none.
size_t ellipsis_end(std::string_view text, size_t at) {
  if (starts(text, at, "...")) return std::min(text.find_first_not_of('.', at), text.size());
  for (const std::string_view dots : {"\\ldots", "\\dots", "\\cdots", "\\dotsc"})
    if (starts(text, at, dots)) return at + dots.size();
  return at;
}

}  // namespace

ScannedNumber scan_number(std::string_view text, size_t at, const NumberContext& context) {
  ScannedNumber number;
  const size_t first_end = digits_end(text, at);
  size_t end = first_end;
  Separator separator = Separator::comma;
  int groups = 0;
  if (end > at && end - at <= 3 && text[at] != '0' && !context.script) {
    for (const Separator kind :
         {Separator::brace_comma, Separator::comma, Separator::thin, Separator::blank,
          Separator::point, Separator::apostrophe, Separator::underscore}) {
      if (kind == Separator::comma && context.comma_parts) continue;
      const size_t grouped = groups_end(text, first_end, kind, groups);
      // One point and three digits are a decimal, unless a comma with decimals follows.
      if (kind == Separator::point && groups == 1 &&
          !(grouped + 1 < text.size() && text[grouped] == ',' && is_digit(text[grouped + 1])))
        groups = 0;
      // 1'234" are inches.
      if (kind == Separator::apostrophe && grouped < text.size() &&
          (text[grouped] == '\'' || text[grouped] == '"'))
        groups = 0;
      if (groups == 0) continue;
      end = grouped;
      separator = kind;
      break;
    }
  }
  append_digits(text.substr(at, end - at), number.text);
  if (number.text.empty()) number.text = "0";

  const auto is_digit_at = [&](size_t i) { return i < text.size() && is_digit(text[i]); };
  size_t decimals = end;
  if (end < text.size() && text[end] == '.' && !(groups > 0 && separator == Separator::point)) {
    decimals = end + 1;
  } else if (starts(text, end, "{,}") && is_digit_at(end + 3)) {
    decimals = end + 3;
  } else if (end < text.size() && text[end] == ',' && is_digit_at(end + 1) &&
             (context.decimal_comma ||
              (groups > 0 && (separator == Separator::point ||
                              (!context.comma_parts && (separator == Separator::blank ||
                                                        separator == Separator::thin)))))) {
    decimals = end + 1;
  }
  if (decimals > end) {
    const size_t stop = digits_end(text, decimals);
    std::string repeated;
    const size_t behind = repeating_end(text, stop, repeated);
    if (stop > decimals || behind > stop) {
      number.text += '.';
      number.text += text.substr(decimals, stop - decimals);
      end = stop;
      if (behind > stop) {
        number.text += "(" + repeated + ")";
        number.repeating = true;
        number.end = behind;
        return number;
      }
      // "0.333..." goes on as it shows; else it is what is written of it.
      const std::string_view shown = text.substr(decimals, stop - decimals);
      const size_t behind_dots = ellipsis_end(text, end), period = shown_period(shown);
      if (behind_dots > end && period > 0 && shown != "000") {
        number.text = number.text.substr(0, number.text.size() - period * 3);
        number.text += "(" + std::string(shown.substr(shown.size() - period)) + ")";
        number.repeating = true;
        number.end = behind_dots;
        return number;
      }
      if (starts(text, end, "..")) end = std::min(text.find_first_not_of('.', end), text.size());
    } else if (!starts(text, end, "..")) {
      end = decimals;  // "5."
    }
  }
  const bool has_point = number.text.find('.') != std::string::npos;
  number.end = exponent_end(text, end, has_point, number.text == "1", number.exponent);
  return number;
}

}  // namespace cohort::math
