// What a backslash begins.
#include <algorithm>
#include <array>

#include "rewards/math/parse/lexer_state.h"
#include "rewards/math/parse/names.h"

namespace cohort::math {

namespace {

bool aligns(std::string_view environment) {
  static constexpr std::array<std::string_view, 6> kAligning = {
      "aligned", "align", "split", "eqnarray", "alignedat", "gathered"};
  return std::find(kAligning.begin(), kAligning.end(), environment) != kAligning.end();
}

}  // namespace

std::pair<size_t, size_t> Lexer::argument(size_t& at, size_t end) {
  while (at < end && is_blank(text_[at])) ++at;
  if (at >= end) fail(at, "an argument");
  if (text_[at] != '{') {
    const size_t first = at++;
    if (text_[first] == '\\')
      while (at < end && is_letter(text_[at])) ++at;
    return {first, at};
  }
  int depth = 0;
  for (size_t i = at; i < end; ++i) {
    budget_.step();
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == '{') {
      ++depth;
    } else if (text_[i] == '}' && --depth == 0) {
      const size_t first = at + 1;
      at = i + 1;
      return {first, i};
    }
  }
  fail(at, "a closing brace");
}

void Lexer::command(size_t& at, size_t end) {
  const size_t start = at++;
  if (at >= end) return;  // a lone backslash at the end
  if (!is_letter(text_[at])) {
    control_symbol(at, start, end);
    return;
  }
  size_t stop = at;
  while (stop < end && is_letter(text_[stop])) ++stop;
  std::string name(text_.substr(at, stop - at));
  at = stop;
  if (name == "left" || name == "right") {
    delimiter(at, end, name == "left");
    return;
  }
  if (name == "begin" || name == "end") {
    const auto [first, last] = argument(at, end);
    Token& token = push(Tok::command, start, name);
    token.name = text_.substr(first, last - first);
    if (token.name.ends_with('*')) token.name.pop_back();
    if (name == "begin")
      environments_.push_back(aligns(token.name));
    else if (!environments_.empty())
      environments_.pop_back();
    if (name == "begin" && token.name == "array") argument(at, end);  // its columns
    return;
  }
  if (name == "not") {
    negated(at, end, start);
    return;
  }
  if (const Meaning* meaning = find_command(name)) {
    push(meaning->type, start, meaning->text);
    return;
  }
  styled(name, at, end, start);
}

void Lexer::styled(const std::string& name, size_t& at, size_t end, size_t start) {
  switch (find_style(name)) {
    case Style::dropped:
      return;
    case Style::blank:
      blank_ = true;
      return;
    case Style::drop_argument:
      argument(at, end);
      return;
    case Style::text: {
      const auto [first, last] = argument(at, end);
      // "\text{lcm}(2, 3)"
      const Meaning* named = find_command(text_.substr(first, last - first));
      size_t next = at;
      while (is_blank(char_at(next))) ++next;
      if (named != nullptr && named->type == Tok::function && !after_value() &&
          (char_at(next) == '(' || starts(next, "\\left("))) {
        push(Tok::function, start, named->text);
        return;
      }
      if (first > 0 && is_blank(char_at(first))) blank_ = true;
      words(first, last);
      blank_ = blank_ || (last > first && is_blank(text_[last - 1]));
      return;
    }
    case Style::roman: {
      if (char_at(at) == '*') ++at;
      const auto [first, last] = argument(at, end);
      roman(first, last);
      return;
    }
    case Style::vector: {
      const auto [first, last] = argument(at, end);
      const std::string_view content = trim(text_.substr(first, last - first));
      // An arrow makes another thing of a letter; bold print need not.
      const bool arrow = name == "vec" || name == "overrightarrow";
      if ((content.size() == 1 && is_letter(content[0])) ||
          (arrow && !content.empty() && std::all_of(content.begin(), content.end(), is_letter))) {
        push(Tok::vector, first, (arrow ? "vec " : "") + std::string(content));
      } else {
        push(Tok::open_group, start);
        nested(1);
        math(first, last);
        nested(-1);
        push(Tok::close_group, last);
      }
      return;
    }
    case Style::blackboard: {
      const auto [first, last] = argument(at, end);
      const std::string_view content = trim(text_.substr(first, last - first));
      if (content.size() != 1 || std::string_view("RZQNC").find(content[0]) == std::string::npos)
        fail(first, "one of R, Z, Q, N, C");
      push(Tok::number_set, start, std::string(content));
      return;
    }
    case Style::none:
      break;
  }
  size_t next = at;
  while (next < end && is_blank(text_[next])) ++next;
  if (char_at(next) == '{') fail(start, "a known command");
  push(Tok::symbol, start, name);
}

void Lexer::negated(size_t& at, size_t end, size_t start) {
  while (at < end && is_blank(text_[at])) ++at;
  if (char_at(at) == '=') {
    ++at;
    push(Tok::relation, start, "!");
  } else if (starts(at, "\\in") && !is_letter(char_at(at + 3))) {
    at += 3;
    push(Tok::relation, start, "n");
  } else {
    fail(start, "\\not= or \\not\\in");
  }
}

void Lexer::control_symbol(size_t& at, size_t start, size_t end) {
  const char c = text_[at++];
  switch (c) {
    case '{':
      open(Tok::open_set, start);
      return;
    case '}':
      close(Tok::close_set, start);
      return;
    case '%':
      push(Tok::percent, start);
      return;
    case '$':
      push(Tok::currency, start, "usd");
      return;
    case '|':
      push(Tok::double_bar, start);
      return;
    case '\\':
      // Escaped twice: "\frac" for "\frac", where no row can end.
      if (environments_.empty() && at < end && is_letter(text_[at])) {
        at = at - 1;
        command(at, end);
        return;
      }
      push(Tok::row_break, start);
      // "\\[2pt]": a space between rows
      if (!environments_.empty() && char_at(at) == '[') {
        size_t i = at + 1;
        while (i < end && (is_digit(text_[i]) || text_[i] == '.' || text_[i] == '-')) ++i;
        for (const std::string_view unit : {"pt]", "em]", "ex]", "mm]", "cm]", "in]"})
          if (i > at + 1 && starts(i, unit)) {
            at = i + unit.size();
            break;
          }
      }
      return;
    case '!':
      return;
    case '&':
    case '#':
    case '_':
    case ',':
    case ';':
    case ':':
    case ' ':
    case '\n':
    case '\t':
    case '/':
      blank_ = true;
      return;
    case '(':
    case ')':
    case '[':
    case ']':
      blank_ = true;  // delimiters of mathematics inside an answer
      return;
    default:
      fail(start, "a known command");
  }
}

void Lexer::delimiter(size_t& at, size_t end, bool left) {
  while (at < end && is_blank(text_[at])) ++at;
  if (at >= end) fail(at, "a delimiter");
  if (text_[at] == '.') {
    ++at;
  } else if (text_[at] == '|') {
    push(left ? Tok::open_bar : Tok::close_bar, at++);
  } else if (starts(at, "\\|") || starts(at, "\\vert") || starts(at, "\\Vert")) {
    push(left ? Tok::open_bar : Tok::close_bar, at);
    at += starts(at, "\\|") ? 2 : 5;
  } else if (text_[at] == '<' || text_[at] == '>') {
    push(text_[at] == '<' ? Tok::open_angle : Tok::close_angle, at);
    ++at;
  } else {
    one(at, end);
  }
}

}  // namespace cohort::math
