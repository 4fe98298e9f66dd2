#include "rewards/code/code_text.h"

#include <algorithm>
#include <array>

namespace cohort::judge {

namespace {

constexpr size_t kEnd = std::string_view::npos;

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == kEnd; }

// Three or more backquotes, or tildes, in a row.
struct Mark {
  char kind = '`';
  size_t start = 0, end = 0, indent = 0, next_line = 0;
  bool starts_line = false;     // with at most three blanks before it
  std::string_view language;    // the word behind it
  bool close_word = false;      // no blank before that
  bool word_alone = false;      // nothing else follows in the line
  bool closes_in_line = false;  // other backquotes follow in the line
  size_t length() const { return end - start; }
};

std::string_view leading_word(std::string_view text) {
  const auto word_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '#' || c == '_' || c == '-' || c == '.';
  };
  return text.substr(0,
                     static_cast<size_t>(std::ranges::find_if_not(text, word_char) - text.begin()));
}

// What stands behind the mark in its line: a word, with or without blanks before it, or as Pandoc
// and R Markdown have it: {.python}, {python}.
void read_language(std::string_view rest, Mark& mark) {
  const size_t first = std::min(rest.find_first_not_of(" \t"), rest.size());
  mark.close_word = first == 0;
  rest.remove_prefix(first);
  const bool braces = rest.starts_with('{');
  if (braces) rest.remove_prefix(rest.starts_with("{.") ? 2 : 1);
  mark.language = leading_word(rest);
  rest.remove_prefix(mark.language.size());
  if (braces) rest.remove_prefix(std::min(rest.find('}') + 1, rest.size()));
  mark.word_alone = is_blank(rest);
}

// One pass: a line's start and end are found once, however many marks it has. Tildes are marks at
// the start of a line alone.
std::vector<Mark> find_marks(std::string_view text) {
  std::vector<Mark> marks;
  size_t line = 0, line_end = std::min(text.find('\n'), text.size());
  size_t quotes = text.find("```"), tildes = text.find("~~~");
  while (std::min(quotes, tildes) != kEnd) {
    Mark mark;
    mark.kind = quotes < tildes ? '`' : '~';
    mark.start = std::min(quotes, tildes);
    mark.end = std::min(text.find_first_not_of(mark.kind, mark.start), text.size());
    if (mark.kind == '`')
      quotes = text.find("```", mark.end);
    else
      tildes = text.find("~~~", mark.end);
    const bool same_line = !marks.empty() && mark.start < line_end && marks.back().start >= line;
    while (line_end < mark.start) {
      line = line_end + 1;
      line_end = std::min(text.find('\n', line), text.size());
    }
    mark.indent = mark.start - line;
    mark.starts_line = mark.indent <= 3 && is_blank(text.substr(line, mark.indent));
    if (mark.kind == '~' && !mark.starts_line) continue;
    if (same_line && mark.kind == '`') marks.back().closes_in_line = true;
    mark.next_line = std::min(line_end + 1, text.size());
    read_language(text.substr(mark.end, line_end - mark.end), mark);
    mark.word_alone = mark.word_alone && line_end < text.size();
    marks.push_back(mark);
  }
  return marks;
}

// A line of tildes alone is a line in prose.
bool opens(const Mark& mark) {
  if (mark.kind == '~' && mark.language.empty()) return false;
  return mark.word_alone ||
         (mark.starts_line && !mark.closes_in_line && mark.close_word && !mark.language.empty());
}
// Of words behind it, a single one alone makes it another opening line.
bool closes(const Mark& mark) {
  return mark.starts_line && (mark.language.empty() || (!mark.close_word && !mark.word_alone));
}

// The next mark, from each on, that is of its kind, not shorter, and at the start of a line or,
// with `inside`, not: one pass from behind keeps the whole linear. marks.size(): none.
std::vector<size_t> next_marks(const std::vector<Mark>& marks, bool inside) {
  std::vector<size_t> next(marks.size(), marks.size());
  std::array<std::vector<size_t>, 2> longer;  // of each kind: behind each other, ever longer
  for (size_t i = marks.size(); i-- > 0;) {
    std::vector<size_t>& candidates = longer[marks[i].kind == '~'];
    const auto found =
        std::ranges::lower_bound(candidates.rbegin(), candidates.rend(), marks[i].length(), {},
                                 [&](size_t at) { return marks[at].length(); });
    if (found != candidates.rend()) next[i] = *found;
    if (marks[i].starts_line == inside) continue;
    while (!candidates.empty() && marks[candidates.back()].length() <= marks[i].length())
      candidates.pop_back();
    candidates.push_back(i);
  }
  return next;
}

// Takes up to `indent` blanks off the start of each line.
std::string dedent(std::string_view code, size_t indent) {
  std::string out;
  while (!code.empty()) {
    const size_t end = std::min(code.find('\n'), code.size() - 1) + 1;
    std::string_view line = code.substr(0, end);
    code.remove_prefix(end);
    line.remove_prefix(std::min({indent, line.find_first_not_of(" \t"), line.size()}));
    out += line;
  }
  return out;
}

bool names_language(std::string_view word, std::string_view language) {
  std::string name(word);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (name == language) return true;
  if (language == "python")
    return name == "py" ||
           (name.starts_with("python") && name.find_first_not_of("0123456789.", 6) == kEnd);
  return language == "cpp" && (name == "c++" || name == "cc" || name == "cxx");
}

std::string_view first_code_line(std::string_view code) {
  while (!code.empty()) {
    const size_t end = std::min(code.find('\n'), code.size());
    const std::string_view line = code.substr(0, end);
    code.remove_prefix(std::min(end + 1, code.size()));
    const size_t first = line.find_first_not_of(" \t\r");
    if (first != kEnd && line[first] != '#') return line;
  }
  return {};
}

bool begins_as_python(std::string_view text) {
  const std::string_view line = first_code_line(text);
  static constexpr std::array<std::string_view, 6> kStarts = {"def ",   "import ", "from ",
                                                              "class ", "@",       "async def "};
  return is_body(text) ||
         std::ranges::any_of(kStarts, [&](std::string_view s) { return line.starts_with(s); });
}

}  // namespace

FencedBlocks fenced_blocks(std::string_view text) {
  const std::vector<Mark> marks = find_marks(text);
  const std::vector<size_t> at_line_start = next_marks(marks, false);
  const std::vector<size_t> inside_line = next_marks(marks, true);
  FencedBlocks blocks;

  for (size_t i = 0; i < marks.size();) {
    const Mark& opening = marks[i];
    if (!opens(opening)) {
      ++i;
      continue;
    }
    blocks.any_fence = true;
    size_t closing = at_line_start[i];
    if (closing == marks.size() || !closes(marks[closing])) {
      if (inside_line[i] >= closing) {
        blocks.open_at_end = closing == marks.size();
        i = closing;
        continue;
      }
      closing = inside_line[i];
    }
    const std::string_view code =
        text.substr(opening.next_line, marks[closing].start - opening.next_line);
    const size_t indent =
        is_blank(text.substr(opening.start - opening.indent, opening.indent)) ? opening.indent : 0;
    // What stands before a closing fence in its own line are blanks, no code.
    const size_t last_line = code.rfind('\n') == kEnd ? 0 : code.rfind('\n') + 1;
    const bool own_line = is_blank(code.substr(last_line));
    blocks.complete.push_back(
        {opening.language, dedent(own_line ? code.substr(0, last_line) : code, indent)});
    blocks.open_at_end = false;
    i = closing + 1;
  }
  return blocks;
}

std::optional<std::string> last_block(std::string_view text, std::string_view language) {
  FencedBlocks blocks = fenced_blocks(text);
  for (size_t i = blocks.complete.size(); i-- > 0;)
    if (blocks.complete[i].language == language) return std::move(blocks.complete[i].code);
  return std::nullopt;
}

std::optional<std::string_view> final_part(std::string_view completion) {
  static constexpr std::string_view kEndThink = "</think>", kAnswer = "<answer>";
  if (const size_t at = completion.rfind(kEndThink); at != kEnd)
    completion.remove_prefix(at + kEndThink.size());
  completion = completion.substr(0, completion.find("<think>"));
  const size_t answer = completion.rfind(kAnswer);
  if (answer == kEnd) return completion;
  completion.remove_prefix(answer + kAnswer.size());
  const size_t end = completion.find("</answer>");
  if (end == kEnd) return std::nullopt;
  return completion.substr(0, end);
}

std::optional<std::string> code_of(std::string_view completion, std::string_view language,
                                   bool bare_code) {
  const std::optional<std::string_view> part = final_part(completion);
  if (!part) return std::nullopt;
  FencedBlocks blocks = fenced_blocks(*part);
  if (blocks.open_at_end) return std::nullopt;
  FencedBlock* chosen = nullptr;
  for (FencedBlock& block : blocks.complete)
    if (block.language.empty() && !(chosen && !chosen->language.empty()))
      chosen = &block;
    else if (names_language(block.language, language))
      chosen = &block;
  if (chosen) {
    if (is_blank(chosen->code)) return std::nullopt;
    return std::move(chosen->code);
  }
  if (bare_code && !blocks.any_fence && begins_as_python(*part)) return std::string(*part);
  return std::nullopt;
}

bool is_body(std::string_view code) {
  const std::string_view line = first_code_line(code);
  return line.starts_with(' ') || line.starts_with('\t');
}

}  // namespace cohort::judge
