#include "rewards/math/parse/delimiters.h"

#include <vector>

#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

bool is_escaped(std::string_view text, size_t at) {
  size_t backslashes = 0;
  while (at > backslashes && text[at - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

// "\\frac" for "\frac" throughout: every run of backslashes is even, and a letter follows one.
std::string single_backslashes(std::string_view text) {
  bool doubled = false;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && text[end] == '\\') ++end;
    if ((end - i) % 2 == 1) return std::string(text);
    if (end - i == 2 && end + 1 < text.size() && is_letter(text[end]) && is_letter(text[end + 1]))
      doubled = true;
    i = end;
  }
  if (!doubled) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '\\') ++i;
  }
  return out;
}

bool strip_pair(std::string_view& text, std::string_view open, std::string_view close) {
  if (text.size() < open.size() + close.size() || !text.starts_with(open) ||
      !text.ends_with(close) || is_escaped(text, text.size() - close.size()))
    return false;
  const std::string_view inside =
      text.substr(open.size(), text.size() - open.size() - close.size());
  if (inside.find(open) != std::string_view::npos || inside.find(close) != std::string_view::npos)
    return false;
  text = inside;
  return true;
}

bool strip_end(std::string_view& text) {
  if (text.empty()) return false;
  const char last = text.back();
  if (last == '.' || last == ',' || last == ';' || last == '?' || last == ':') {
    // "5." loses its point, "0.333..." and "\," nothing.
    if (text.ends_with("\\right.") || text.ends_with("..") || is_escaped(text, text.size() - 1))
      return false;
    text.remove_suffix(1);
    return true;
  }
  return false;
}

// Dollar signs that open and close formulas, in order; empty when they do not pair.
std::vector<size_t> formula_signs(std::string_view text) {
  std::vector<size_t> signs;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || is_escaped(text, i)) continue;
    signs.push_back(i);
    if (i + 1 < text.size() && text[i + 1] == '$') ++i;
  }
  if (signs.size() % 2 == 1) return {};
  // "$5 and $7": prices, when a closing sign touches the next number and not the formula.
  for (size_t i = 1; i < signs.size(); i += 2)
    if (signs[i] > 0 && is_blank(text[signs[i] - 1]) && signs[i] + 1 < text.size() &&
        is_digit(text[signs[i] + 1]))
      return {};
  return signs;
}

void append_text(std::string_view text, std::string& out) {
  if (trim(text).empty()) {
    out += ' ';
    return;
  }
  out += "\\text{";
  out += text;
  out += '}';
}

// "$125$ miles" as "125\text{ miles}".
std::string joined_formulas(std::string_view text) {
  const std::vector<size_t> signs = formula_signs(text);
  if (signs.empty()) return std::string(text);
  std::string out;
  size_t at = 0;
  for (size_t i = 0; i + 1 < signs.size(); i += 2) {
    append_text(text.substr(at, signs[i] - at), out);
    const size_t open = text[signs[i] + 1] == '$' && signs[i] + 1 < signs[i + 1] ? 2 : 1;
    const size_t first = signs[i] + open;
    out += first <= signs[i + 1] ? text.substr(first, signs[i + 1] - first) : std::string_view();
    at = signs[i + 1] + 1;
    if (open == 2 && at < text.size() && text[at] == '$') ++at;
  }
  append_text(text.substr(at), out);
  return out;
}

}  // namespace

std::string without_delimiters(std::string_view text) {
  const std::string single = single_backslashes(text);
  std::string_view rest = trim(single);
  for (bool changed = true; changed;) {
    changed = strip_end(rest) || strip_pair(rest, "$$", "$$") || strip_pair(rest, "$", "$") ||
              strip_pair(rest, "\\(", "\\)") || strip_pair(rest, "\\[", "\\]") ||
              strip_pair(rest, "**", "**") || strip_pair(rest, "__", "__") ||
              strip_pair(rest, "*", "*") || strip_pair(rest, "`", "`") ||
              strip_pair(rest, "\"", "\"");
    rest = trim(rest);
  }
  return joined_formulas(rest);
}

}  // namespace cohort::math
