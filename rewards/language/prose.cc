#include "rewards/language/prose.h"

#include <algorithm>
#include <array>

namespace cohort {

namespace {

using Text = std::u32string_view;
constexpr size_t kNone = Text::npos;

bool is_ascii_letter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }
bool is_ascii_blank(char32_t c) { return c == U' ' || c == U'\t' || c == U'\n' || c == U'\r'; }

// Their argument is text.
constexpr std::array<Text, 9> kTextCommands = {
    U"text", U"textbf", U"textit", U"textrm", U"textsf", U"texttt", U"mbox", U"hbox", U"emph"};
constexpr std::array<Text, 4> kAddresses = {U"http://", U"https://", U"ftp://", U"www."};

// What ends a part. The next place of each is looked for once, so that a text full of openings
// takes no longer than another.
enum Closer {
  kFence,
  kFigure,
  kTick,
  kDollars,
  kDollar,
  kParenthesis,
  kBracket,
  kEnd,
  kNumClosers
};
constexpr std::array<Text, kNumClosers> kClosers = {U"```", U"[/asy]", U"`",   U"$$",
                                                    U"$",   U"\\)",    U"\\]", U"\\end{"};

class Marker {
 public:
  explicit Marker(Text text) : text_(text), parts_(text.size(), Part::prose) {}

  std::vector<Part> mark() {
    for (size_t at = 0; at < text_.size();) at = step(at);
    return std::move(parts_);
  }

 private:
  bool is_at(size_t at, Text what) const { return text_.substr(at, what.size()) == what; }

  size_t next(Closer closer, size_t from) {
    size_t& known = next_[closer];
    if (known != kNone && known < from) known = text_.find(kClosers[closer], from);
    return known;
  }

  size_t fill(size_t begin, size_t end, Part part) {
    end = std::min(end, text_.size());
    std::fill(parts_.begin() + static_cast<std::ptrdiff_t>(begin),
              parts_.begin() + static_cast<std::ptrdiff_t>(end), part);
    return end;
  }

  // Marks what begins at `at`; where to go on.
  size_t step(size_t at) {
    switch (text_[at]) {
      case U'`':
        return code(at);
      case U'<':
        return tag(at);
      case U'[':
        return figure(at);
      case U'$':
        return dollars(at);
      case U'\\':
        return backslash(at);
      default:
        return address(at);
    }
  }

  size_t code(size_t at) {
    if (is_at(at, U"```")) {
      const size_t close = next(kFence, at + 3);
      return fill(at, close == kNone ? kNone : close + 3, Part::hidden);
    }
    const size_t close = next(kTick, at + 1);
    if (close == kNone || close > line_end(at)) return at + 1;
    return fill(at, close + 1, Part::hidden);
  }

  // A figure as MATH's solutions have it: a program.
  size_t figure(size_t at) {
    if (!is_at(at, U"[asy]")) return at + 1;
    const size_t close = next(kFigure, at + 1);
    return fill(at, close == kNone ? kNone : close + kClosers[kFigure].size(), Part::hidden);
  }

  // <name>, </name>, <name/>
  size_t tag(size_t at) {
    constexpr size_t kLongest = 32;
    size_t end = at + 1;
    if (end < text_.size() && text_[end] == U'/') ++end;
    if (end >= text_.size() || !is_ascii_letter(text_[end])) return at + 1;
    while (end < text_.size() && end < at + kLongest &&
           (is_ascii_letter(text_[end]) || text_[end] == U'_' || text_[end] == U'-' ||
            (text_[end] >= U'0' && text_[end] <= U'9')))
      ++end;
    if (end < text_.size() && text_[end] == U'/') ++end;
    if (end >= text_.size() || text_[end] != U'>') return at + 1;
    return fill(at, end + 1, Part::hidden);
  }

  // $$...$$, and $...$ on one line whose dollars touch it; $5 and $6 are money.
  size_t dollars(size_t at) {
    if (is_at(at, U"$$")) {
      const size_t close = next(kDollars, at + 2);
      return close == kNone ? at + 2 : formula(at, at + 2, close, close + 2);
    }
    const size_t close = next(kDollar, at + 1);
    if (close == kNone || close == at + 1 || close > line_end(at)) return at + 1;
    const bool digit_behind =
        close + 1 < text_.size() && text_[close + 1] >= U'0' && text_[close + 1] <= U'9';
    if (is_ascii_blank(text_[at + 1]) || is_ascii_blank(text_[close - 1]) || digit_behind)
      return at + 1;
    return formula(at, at + 1, close, close + 1);
  }

  size_t backslash(size_t at) {
    if (is_at(at, U"\\(")) return delimited(at, kParenthesis);
    if (is_at(at, U"\\[")) return delimited(at, kBracket);
    if (is_at(at, U"\\begin{")) {
      const size_t close = next(kEnd, at + 1);
      if (close != kNone) return formula(at, at + 1, close, close + kClosers[kEnd].size());
    }
    size_t end = at + 1;
    while (end < text_.size() && is_ascii_letter(text_[end])) ++end;
    return fill(at, std::max(end, at + 2), Part::hidden);
  }

  size_t delimited(size_t at, Closer closer) {
    const size_t close = next(closer, at + 2);
    return close == kNone ? at + 2 : formula(at, at + 2, close, close + 2);
  }

  size_t address(size_t at) {
    if (at > 0 && is_ascii_letter(text_[at - 1])) return at + 1;
    const bool is_address =
        std::ranges::any_of(kAddresses, [&](Text start) { return is_at(at, start); });
    if (!is_address) return at + 1;
    size_t end = at;
    while (end < text_.size() && text_[end] > U' ' && text_[end] < 0x7F) ++end;
    return fill(at, end, Part::hidden);
  }

  // Delimiters from `at` to `begin` and from `end` to `behind`.
  size_t formula(size_t at, size_t begin, size_t end, size_t behind) {
    fill(at, behind, Part::formula);
    while (begin < end) {
      if (text_[begin] != U'\\') {
        ++begin;
        continue;
      }
      size_t name_end = begin + 1;
      while (name_end < end && is_ascii_letter(text_[name_end])) ++name_end;
      const Text name = text_.substr(begin + 1, name_end - begin - 1);
      fill(begin, std::max(name_end, begin + 2), Part::hidden);
      const bool is_text = std::ranges::find(kTextCommands, name) != kTextCommands.end();
      begin = is_text && name_end < end && text_[name_end] == U'{'
                  ? fill(name_end, group_end(name_end, end), Part::prose)
                  : std::max(name_end, begin + 2);
    }
    return behind;
  }

  // Behind the brace that closes the one at `open`; `end` when none does.
  size_t group_end(size_t open, size_t end) const {
    int depth = 0;
    for (size_t at = open; at < end; ++at) {
      if (text_[at] == U'{') ++depth;
      if (text_[at] == U'}' && --depth == 0) return at + 1;
    }
    return end;
  }

  size_t line_end(size_t at) {
    if (line_end_ < at) line_end_ = std::min(text_.find(U'\n', at), text_.size());
    return line_end_;
  }

  Text text_;
  std::vector<Part> parts_;
  std::array<size_t, kNumClosers> next_{};
  size_t line_end_ = 0;
};

}  // namespace

std::vector<Part> parts_of(std::u32string_view text) { return Marker(text).mark(); }

}  // namespace cohort
