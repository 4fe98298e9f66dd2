#include "rewards/math/extract/marked.h"

#include <algorithm>
#include <array>

#include "rewards/math/extract/alternative.h"
#include "rewards/math/extract/enclosing.h"
#include "rewards/math/extract/retraction.h"
#include "rewards/math/extract/units_behind.h"
#include "rewards/math/extract/wording.h"
#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr size_t kMaxBoxes = 32;
constexpr size_t kMaxLooked = 256;  // boxes, the same one again and again included
constexpr size_t kMaxGap = 70;

struct Box {
  size_t at;     // of the backslash
  size_t open;   // of the content; kNone: none
  size_t close;  // behind the content; kNone: never closed
  size_t end;    // behind the box
};

// The command at `at`, \boxed or \fbox as a whole word: the byte behind its name; 0: none.
size_t box_name(std::string_view text, size_t at) {
  for (const std::string_view name : {"\\boxed", "\\fbox"}) {
    if (!text.substr(at).starts_with(name)) continue;
    const size_t end = at + name.size();
    if (end < text.size() && is_letter(text[end])) continue;
    return end;
  }
  return 0;
}

size_t last_box(std::string_view text, size_t before) {
  while (before > 0) {
    const size_t at = text.rfind('\\', before - 1);
    if (at == kNone) return kNone;
    if (box_name(text, at) > 0) return at;
    before = at;
  }
  return kNone;
}

// Braces are matched; \{ and \} are none. Nothing from `end` on is read.
Box read_box(std::string_view text, size_t at, size_t end) {
  Box box{at, kNone, kNone, kNone};
  size_t i = box_name(text, at);
  while (i < end && is_blank(text[i])) ++i;
  // "\boxed 7"
  if (i < end && is_digit(text[i])) {
    box.open = i;
    while (i < end && is_digit(text[i])) ++i;
    box.close = box.end = i;
    return box;
  }
  if (i >= end || text[i] != '{') return box;
  box.open = i + 1;
  int64_t depth = 0;
  for (; i < end; ++i) {
    if (text[i] == '\\') {
      // "\\}" of a text escaped twice is a closing brace behind "\\".
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      box.close = i;
      box.end = i + 1;
      return box;
    }
  }
  return box;
}

// Words that say that what follows replaces what stood before.
bool parts_answers(const std::string& word) {
  static constexpr std::array<std::string_view, 26> kWords = {
      "then",    "so",         "thus",     "therefore", "hence",  "but",     "wait",
      "no",      "not",        "actually", "instead",   "answer", "answers", "final",
      "correct", "wrong",      "because",  "since",     "let",    "next",    "however",
      "gives",   "simplifies", "check",    "rather",    "becomes"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool links(const std::string& word) {
  static constexpr std::array<std::string_view, 18> kWords = {
      "and",
      "or",
      "et",
      "ou",
      "und",
      "oder",
      "y",
      "o",
      "e",
      "u",
      "\xe5\x92\x8c",
      "\xe6\x88\x96",
      "\xd0\xb8",
      "\xd0\xb8\xd0\xbb\xd0\xb8",
      "\xe6\x88\x96\xe8\x80\x85",
      "\xe3\x81\xbe\xe3\x81\x9f\xe3\x81\xaf",
      "\xeb\x98\x90\xeb\x8a\x94",
      "\xe3\x81\xa8"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

// A line "#### 72": digits and what belongs to a number, nothing else, or not a mark but a heading.
bool is_number_line(std::string_view line) {
  line = trim(line);
  const bool digit = std::any_of(line.begin(), line.end(), is_digit);
  return digit && line.find_first_not_of("0123456789+-.,/%$ \\") == kNone;
}

struct Line {
  size_t at = kNone;
  std::string_view text;
};

Line last_number_line(std::string_view text) {
  size_t at = text.rfind("####");
  for (int tries = 0; at != kNone && tries < 64; ++tries) {
    const std::string_view rest = text.substr(at + 4, 400);
    const std::string_view line = trim(rest.substr(0, rest.find('\n')));
    if (is_number_line(line)) return {at, line};
    at = at == 0 ? kNone : text.rfind("####", at - 1);
  }
  return {};
}

Found single(Reason empty, std::string_view content) {
  content = trim(content);
  if (content.empty()) return {empty, {}, {}};
  return {Reason::ok, {std::string(content)}, {}};
}

// What stands between two answers.
struct Gap {
  size_t words = 0;
  bool linked = false;     // "and", "or", a comma
  bool replaces = false;   // words that say that the first was none
  bool values = false;     // digits, questions
  bool operators = false;  // "=", "+": one formula goes on
  bool ends_sentence = false;
};

Gap read_gap(std::string_view gap) {
  Gap read;
  for (size_t i = 0; i < gap.size();) {
    const char c = gap[i];
    if (c == '\\') {
      // \text{ and }, \quad, \), \]
      ++i;
      while (i < gap.size() && is_letter(gap[i])) ++i;
      if (i < gap.size() && gap[i - 1] == '\\') ++i;
    } else if (is_word_byte(c)) {
      const size_t start = i;
      while (i < gap.size() && is_word_byte(gap[i])) ++i;
      const std::string word = lower_case(gap.substr(start, i - start));
      read.replaces = read.replaces || parts_answers(word);
      read.linked = read.linked || links(word);
      ++read.words;
    } else {
      read.values = read.values || is_digit(c) || c == '!' || c == '?';
      read.operators = read.operators || std::string_view("=<>+*/^:").find(c) != kNone;
      read.ends_sentence = read.ends_sentence || c == '.';
      read.linked = read.linked || c == ',' || c == ';' || c == '|' || c == '&';
      ++i;
    }
  }
  return read;
}

// More than joins(): two different boxes near each other are two answers, whatever stands between
// them.
bool joins_boxes(std::string_view gap) {
  const Gap read = read_gap(gap);
  return read.linked || (read.words == 0 && !read.values);
}

std::string first_word(std::string_view behind) {
  behind = without_closers(behind);
  size_t end = 0;
  while (end < behind.size() && is_letter(behind[end])) ++end;
  return lower_case(behind.substr(0, end));
}

Found find_boxes(std::string_view text, size_t last) {
  Box box = read_box(text, last, text.size());
  if (box.close == kNone) return {Reason::unterminated_box, {}, {}};
  std::vector<std::string> contents;
  const auto add = [&](const Box& b) {
    std::string content(trim(text.substr(b.open, b.close - b.open)));
    if (content.empty()) return false;
    std::string whole = enclosing_formula(text, {b.at, b.open, b.close, b.end});
    if (!whole.empty()) content = std::move(whole);
    if (std::find(contents.begin(), contents.end(), content) == contents.end())
      contents.push_back(std::move(content));
    return true;
  };
  if (!add(box)) return {Reason::empty_answer, {}, {}};
  if (denies_what_follows(text.substr(0, box.at)) || denied_behind(text.substr(box.end)) ||
      retraction(text.substr(box.end), false))
    return {Reason::no_answer, {}, {}, true};
  std::string unit = unit_behind(text.substr(box.end));
  const BoxPlace last_place{box.at, box.open, box.close, box.end};
  // "\boxed{7} million"
  if (modified_behind(text.substr(box.end)))
    contents.front() += "\\text{ " + first_word(text.substr(box.end)) + "}";
  for (size_t looked = 1; looked < kMaxLooked && contents.size() < kMaxBoxes; ++looked) {
    const size_t before = last_box(text, box.at);
    if (before == kNone) break;
    const Box earlier = read_box(text, before, box.at);
    if (earlier.close == kNone) break;
    const std::string_view gap = text.substr(earlier.end, box.at - earlier.end);
    if (gap.size() > kMaxGap || !joins_boxes(gap) || !add(earlier)) break;
    box = earlier;
  }
  std::reverse(contents.begin(), contents.end());
  if (contents.size() == 1)
    if (std::string other = alternative(text, last_place); !other.empty())
      contents.push_back(std::move(other));
  if (contents.size() > 1) unit.clear();
  return {Reason::ok, std::move(contents), std::move(unit)};
}

}  // namespace

bool joins(std::string_view gap) {
  const Gap read = read_gap(gap);
  if (read.values || read.operators || read.replaces || read.ends_sentence) return false;
  return read.words == 0 || (read.linked && read.words <= 5);
}

bool has_mark(std::string_view text) {
  return text.rfind("<answer>") != kNone || last_box(text, text.size()) != kNone;
}

Found find_marked(std::string_view text) {
  static constexpr std::string_view kAnswer = "<answer>", kEndAnswer = "</answer>";
  const size_t box = last_box(text, text.size()), tag = text.rfind(kAnswer);
  const Line line = last_number_line(text);
  const auto behind = [](size_t a, size_t b) { return a != kNone && (b == kNone || a > b); };
  if (behind(line.at, box) && behind(line.at, tag)) return single(Reason::empty_answer, line.text);
  if (behind(box, tag)) return find_boxes(text, box);
  if (tag == kNone) return {};
  const std::string_view rest = text.substr(tag + kAnswer.size());
  const size_t end = rest.find(kEndAnswer);
  if (end == kNone) return {Reason::unterminated_answer, {}, {}};
  return single(Reason::empty_answer, rest.substr(0, end));
}

}  // namespace cohort::math
