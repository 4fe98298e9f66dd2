#include "rewards/math/extract/enclosing.h"

#include <algorithm>
#include <array>
#include <vector>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/names.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr size_t kReach = 600;  // bytes to either side

std::string_view command_name(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && is_letter(text[end])) ++end;
  return text.substr(at + 1, end - at - 1);
}

// What a command does to the formula that it stands in.
enum class Role { part, none, parts };

Role role_of(std::string_view name) {
  static constexpr std::array<std::string_view, 14> kEnds = {
      "checkmark", "square", "blacksquare", "qed", "tag",   "pmod", "pod",
      "bmod",      "mod",    "begin",       "end", "boxed", "fbox", "Box"};
  static constexpr std::array<std::string_view, 7> kUnits = {
      "degree", "left", "right", "textcolor", "color", "cancel", "Large"};
  if (name == "quad" || name == "qquad") return Role::parts;
  if (std::find(kEnds.begin(), kEnds.end(), name) != kEnds.end()) return Role::parts;
  if (std::find(kUnits.begin(), kUnits.end(), name) != kUnits.end()) return Role::none;
  switch (find_style(name)) {
    case Style::dropped:
    case Style::blank:
    case Style::drop_argument:
    case Style::roman:
    case Style::vector:
      return Role::none;
    case Style::text:
      return Role::parts;
    default:
      break;
  }
  const Meaning* meaning = find_command(name);
  if (meaning == nullptr) return Role::part;
  switch (meaning->type) {
    case Tok::relation:
    case Tok::and_:
    case Tok::or_:
    case Tok::to:
    case Tok::mid:
    case Tok::colon:
      return Role::parts;
    case Tok::command: {
      static constexpr std::array<std::string_view, 6> kSaid = {"implies", "cong",   "sim",
                                                                "propto",  "forall", "exists"};
      return std::find(kSaid.begin(), kSaid.end(), meaning->text) != kSaid.end() ? Role::parts
                                                                                 : Role::part;
    }
    default:
      return Role::part;
  }
}

size_t letters_end(std::string_view text, size_t at) {
  while (at < text.size() && is_letter(text[at])) ++at;
  return at;
}

bool is_prose_word(std::string_view letters) {
  return letters.size() >= 3 && find_plain_name(letters) == nullptr;
}

// "\text{(B)}", "(B)": a letter of a choice, which is one whatever follows.
bool is_choice(std::string_view content) {
  bool marked = false;
  content = trim(content);
  for (const std::string_view open : {"\\text{", "\\textbf{", "\\mathrm{", "\\mathbf{"})
    if (content.starts_with(open) && content.ends_with('}')) {
      content = trim(content.substr(open.size(), content.size() - open.size() - 1));
      marked = true;
    }
  if (content.starts_with('(') && content.ends_with(')')) {
    content = content.substr(1, content.size() - 2);
    marked = true;
  }
  return marked && content.size() == 1 && is_capital(content[0]);
}

class Scanner {
 public:
  Scanner(std::string_view text, const BoxPlace& box) : text_(text), box_(box) {}

  std::string run() {
    left();
    right();
    if (!before_ && !behind_) return {};
    std::string whole(text_.substr(first_, box_.at - first_));
    whole += '{';
    whole += text_.substr(box_.open, box_.close - box_.open);
    whole += '}';
    whole += text_.substr(box_.end, last_ - box_.end);
    // Delimiters between a sign and its formula.
    whole.erase(std::remove(whole.begin(), whole.end(), '$'), whole.end());
    return std::string(trim(whole));
  }

 private:
  bool starts(size_t at, std::string_view what) const { return text_.substr(at).starts_with(what); }
  char at(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  void part(size_t next) {
    first_ = next;
    before_ = false;
    open_.clear();
  }

  void left() {
    size_t i = box_.at > kReach ? box_.at - kReach : 0;
    if (const size_t paragraph = text_.substr(i, box_.at - i).rfind("\n\n"); paragraph != kNone)
      i += paragraph + 2;
    part(i);
    while (i < box_.at) i = step_left(i);
    first_ = std::min(first_, box_.at);
    // Brackets alone change nothing.
  }

  void toggle(size_t i, size_t behind, bool math) {
    // "-$\boxed{7}$"
    const bool signed_formula = math && i > 0 && text_[i - 1] == '-' &&
                                (i == 1 || is_blank(text_[i - 2]) || text_[i - 2] == '*');
    math_ = math;
    part(signed_formula ? i - 1 : behind);
    before_ = signed_formula;
  }

  size_t step_left(size_t i) {
    const char c = text_[i];
    if (c == '\\') return command_left(i);
    if (c == '$') {
      const size_t behind = i + (at(i + 1) == '$' ? 2 : 1);
      toggle(i, behind, !math_);
      return behind;
    }
    if (is_letter(c)) {
      const size_t end = letters_end(text_, i);
      const std::string_view letters = text_.substr(i, end - i);
      const bool touches = math_ || (end == box_.at && letters.size() == 1);
      if (!touches || is_prose_word(letters))
        part(end);
      else
        before_ = true;
      return end;
    }
    if (is_blank(c) || c == '~') {
      if (!math_ && !beside_operator(i)) part(i + 1);
      return i + 1;
    }
    return other_left(i);
  }

  // In prose: "1 / \boxed{7}", but no bullet and no dash.
  bool beside_operator(size_t i) const {
    if (text_[i] == '\n' || !before_) return false;
    size_t next = i, last = i;
    while (next < text_.size() && text_[next] == ' ') ++next;
    while (last > first_ && text_[last - 1] == ' ') --last;
    const std::string_view kOperators = "+*/^";
    return (next < text_.size() && kOperators.find(text_[next]) != kNone) ||
           (last > first_ && kOperators.find(text_[last - 1]) != kNone);
  }

  size_t command_left(size_t i) {
    const char next = at(i + 1);
    if (next == '(' || next == '[' || next == ')' || next == ']') {
      toggle(i, i + 2, next == '(' || next == '[');
      return i + 2;
    }
    if (next == '{' || next == '}') {
      bracket_left(next == '{', i);
      return i + 2;
    }
    if (next == '\\') {
      part(i + 2);
      return i + 2;
    }
    if (!is_letter(next)) return i + 2;
    const std::string_view name = command_name(text_, i);
    size_t behind = i + 1 + name.size();
    switch (role_of(name)) {
      case Role::part:
        before_ = true;
        return behind;
      case Role::none:
        if (at(behind) != '{') return behind;
        if (find_style(name) == Style::drop_argument || name == "color" || name == "textcolor") {
          const size_t close = text_.find('}', behind);
          return close == kNone ? behind : close + 1;
        }
        return behind + 1;  // its brace is no bracket
      case Role::parts:
        break;
    }
    if (name == "begin") math_ = true;
    if (name == "end") math_ = false;
    if (at(behind) == '{') {
      const size_t close = text_.find('}', behind);
      // The box may stand in the words.
      if (close != kNone && close < box_.at) {
        behind = close + 1;
      } else {
        ++behind;
        math_ = false;
      }
    }
    part(behind);
    return behind;
  }

  void bracket_left(bool opens, size_t i) {
    if (opens) {
      open_.push_back(i);
    } else if (open_.empty()) {
      part(i + 1);
    } else {
      open_.pop_back();
      before_ = true;
    }
  }

  size_t other_left(size_t i) {
    const char c = text_[i];
    if (c == '{' && open_.empty() && !before_) return i + 1;  // groups what it holds
    if (c == '{' || c == '}' || (math_ && (c == '(' || c == '[' || c == ')' || c == ']'))) {
      bracket_left(c == '{' || c == '(' || c == '[', i);
      return i + 1;
    }
    if (c == '=' || c == '<' || c == '>' || c == '&') {
      part(i + 1);
    } else if (math_) {
      if ((c == ',' || c == ';' || c == ':' || (c == '.' && !is_digit(at(i + 1)))) && open_.empty())
        part(i + 1);
      else
        before_ = true;
    } else if (is_digit(c) || c == '^' ||
               ((c == '/' || c == '+' || c == '*') && before_ && at(i + 1) != '*')) {
      before_ = true;
    } else if (c == '-' && !is_blank(at(i + 1)) && first_ == i) {
      before_ = true;
    } else if (static_cast<unsigned char>(c) >= 0x80 && starts(i, "\xe2\x88\x92")) {
      before_ = true;
      return i + 3;
    } else if (static_cast<unsigned char>(c) >= 0x80 && starts(i, "\xe2\x88\x9a")) {
      before_ = true;
      return i + 3;
    } else {
      part(i + 1);
    }
    return i + 1;
  }

  void right() {
    const size_t limit = std::min(text_.size(), box_.end + kReach);
    last_ = box_.end;
    size_t i = box_.end;
    while (i < limit) {
      const size_t next = step_right(i);
      if (next == i) break;
      i = next;
      if (behind_) last_ = std::max(last_, counted_);
    }
    while (closed_ > last_) last_ = closed_;
  }

  size_t take(size_t next) {
    behind_ = true;
    counted_ = next;
    return next;
  }

  // The byte behind what stands at `i`; `i` where the formula ends.
  size_t step_right(size_t i) {
    const char c = text_[i];
    if (c == '\\') return command_right(i);
    if (is_blank(c) || c == '~') {
      if (math_) return i + 1;
      if (c == '\n') return i;
      size_t next = i;
      while (at(next) == ' ') ++next;
      const bool calculates = std::string_view("+*/^-").find(at(next)) != kNone &&
                              at(next) != '\0' &&
                              (is_digit(at(next + 1)) || at(next + 1) == '\\' ||
                               (at(next + 1) == ' ' && is_digit(at(next + 2)))) &&
                              at(next + 1) != '*';
      if (const size_t operand = behind_operator(next); operand > next) return take(operand);
      return calculates ? next : i;
    }
    if (c == '{' || (math_ && (c == '(' || c == '['))) {
      open_.push_back(i);
      return take(i + 1);
    }
    if (c == '}' || (math_ && (c == ')' || c == ']'))) {
      if (open_.empty()) return i;
      open_.pop_back();
      closed_ = i + 1;
      if (behind_ || before_) counted_ = i + 1;
      return i + 1;
    }
    if (is_letter(c)) return letters_right(i);
    if (c == '=' || c == '<' || c == '>' || c == '&' || c == '$') return i;
    if (c == '%') return i + 1;
    if (c == '.' && !is_digit(at(i + 1))) return i;
    if (c == ',' || c == ';' || c == ':') return open_.empty() ? i : take(i + 1);
    if (c == '^') {
      for (const std::string_view degree : {"^\\circ", "^{\\circ}", "^{\\degree}"})
        if (starts(i, degree)) return i + degree.size();
      return take(i + 1);
    }
    if (c == '!') return math_ || alone_in_line(i) ? take(i + 1) : i;
    if (is_digit(c) || c == '.' || c == '/' || c == '\'') return take(i + 1);
    if (c == '+' || c == '-' || c == '*') {
      if (math_) return take(i + 1);
      const char next = at(i + 1);
      // "+C", but no hyphen
      const bool letter = c == '+' && is_letter(next) && !is_letter(at(i + 2));
      const bool value = is_digit(next) || next == '\\' || (next == ' ' && is_digit(at(i + 2)));
      if (letter) return take(i + 2);
      return value ? take(i + 1) : i;
    }
    return math_ && static_cast<unsigned char>(c) < 0x80 && c != '*' && c != '?' && c != '"'
               ? take(i + 1)
               : i;
  }

  size_t letters_right(size_t i) {
    const size_t end = letters_end(text_, i);
    const std::string_view letters = text_.substr(i, end - i);
    const bool ordinal = letters == "th" || letters == "st" || letters == "nd" || letters == "rd";
    if (find_unit(letters) != nullptr || is_prose_word(letters) || ordinal) return i;
    if (find_plain_name(letters) != nullptr && !math_ && letters.size() > 2) return i;
    if (!math_ && letters.size() > 2) return i;
    return take(end);
  }

  size_t command_right(size_t i) {
    const char next = at(i + 1);
    if (next == '{' || next == '}') {
      if (next == '{') {
        open_.push_back(i);
        return take(i + 2);
      }
      if (open_.empty()) return i;
      open_.pop_back();
      closed_ = i + 2;
      return take(i + 2);
    }
    if (std::string_view(",;!: %$").find(next) != kNone && next != '\0') return i + 2;
    if (!is_letter(next)) return i;
    const std::string_view name = command_name(text_, i);
    const size_t behind = i + 1 + name.size();
    switch (role_of(name)) {
      case Role::part:
        return take(behind);
      case Role::none:
        if (at(behind) == '{') return i;  // \mathrm{cm}
        return behind;
      case Role::parts:
        return i;
    }
    return i;
  }

  // "\boxed{7} \times 10^3" in prose: where its operand begins; `i` for anything else.
  size_t behind_operator(size_t i) const {
    if (at(i) != '\\') return i;
    static constexpr std::array<std::string_view, 6> kOperators = {"times", "cdot", "div",
                                                                   "pm",    "mp",   "over"};
    const std::string_view name = command_name(text_, i);
    if (std::find(kOperators.begin(), kOperators.end(), name) == kOperators.end()) return i;
    size_t behind = i + 1 + name.size();
    while (at(behind) == ' ') ++behind;
    return behind;
  }

  // "\boxed{7}!" is a factorial where no sentence surrounds it.
  bool alone_in_line(size_t i) const {
    const size_t line = text_.substr(0, box_.at).rfind('\n');
    const size_t start = line == kNone ? 0 : line + 1;
    return i == box_.end && trim(text_.substr(start, box_.at - start)).empty();
  }

  std::string_view text_;
  const BoxPlace& box_;
  bool math_ = false;
  bool before_ = false, behind_ = false;  // something beside the box changes its value
  std::vector<size_t> open_;              // brackets that the box stands in
  size_t first_ = 0, last_ = 0, counted_ = 0, closed_ = 0;
};

}  // namespace

std::string enclosing_formula(std::string_view text, const BoxPlace& box) {
  if (is_choice(text.substr(box.open, box.close - box.open))) return {};
  return Scanner(text, box).run();
}

}  // namespace cohort::math
