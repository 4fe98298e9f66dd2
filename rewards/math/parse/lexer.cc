#include "rewards/math/parse/lexer.h"

#include <algorithm>
#include <array>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/names.h"
#include "rewards/math/parse/number_lexer.h"
#include "rewards/math/parse/plain_letters.h"

namespace cohort::math {

namespace {

bool is_word_byte(char c) { return is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

bool aligns(std::string_view environment) {
  static constexpr std::array<std::string_view, 6> kAligning = {
      "aligned", "align", "split", "eqnarray", "alignedat", "gathered"};
  return std::find(kAligning.begin(), kAligning.end(), environment) != kAligning.end();
}

bool is_value_end(Tok type) {
  switch (type) {
    case Tok::number:
    case Tok::repeating:
    case Tok::symbol:
    case Tok::close_round:
    case Tok::close_square:
    case Tok::close_group:
    case Tok::percent:
    case Tok::degree:
    case Tok::bang:
    case Tok::currency:
      return true;
    default:
      return false;
  }
}

class Lexer {
 public:
  Lexer(std::string_view text, Budget& budget) : text_(text), budget_(budget) {
    find_parted_brackets();
  }

  std::vector<Token> run() {
    math(0, text_.size());
    blank_ = false;
    push(Tok::end, text_.size());
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(size_t at, const char* expected) { throw Unreadable{at, expected}; }

  Token& push(Tok type, size_t at, std::string text = {}) {
    budget_.step();
    Token token;
    token.type = type;
    token.blank_before = blank_;
    token.at = static_cast<uint32_t>(at);
    token.text = std::move(text);
    blank_ = false;
    tokens_.push_back(std::move(token));
    return tokens_.back();
  }
  bool starts(size_t at, std::string_view what) const { return text_.substr(at).starts_with(what); }
  char char_at(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  // Brackets whose own level has a ';': their commas between digits are decimal commas, unless
  // some comma there is followed by a blank.
  void find_parted_brackets() {
    struct Open {
      size_t at;
      bool semicolon, comma_blank;
    };
    std::vector<Open> open;
    for (size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '(' || c == '[') open.push_back({i, false, false});
      if (open.empty()) continue;
      if (c == ';') open.back().semicolon = true;
      if (c == ',' && is_blank(char_at(i + 1))) open.back().comma_blank = true;
      if (c == ')' || c == ']') {
        if (open.back().semicolon && !open.back().comma_blank)
          decimal_brackets_.push_back(open.back().at);
        open.pop_back();
      }
    }
    std::sort(decimal_brackets_.begin(), decimal_brackets_.end());
  }

  struct Level {
    Tok type;
    size_t at;
  };
  NumberContext context() const {
    if (levels_.empty() || levels_.back().type == Tok::open_group) return {};
    const bool decimal =
        std::binary_search(decimal_brackets_.begin(), decimal_brackets_.end(), levels_.back().at);
    return {.comma_parts = true, .decimal_comma = decimal};
  }

  void open(Tok type, size_t at) {
    levels_.push_back({type, at});
    budget_.check(BudgetSpent::depth, static_cast<int64_t>(levels_.size()), budget_.limits().depth);
    push(type, at);
  }
  void close(Tok type, size_t at) {
    if (!levels_.empty()) levels_.pop_back();
    push(type, at);
  }

  void number(size_t& at) {
    const ScannedNumber scanned = scan_number(text_, at, context());
    budget_.check(BudgetSpent::digits, static_cast<int64_t>(scanned.text.size()),
                  budget_.limits().digits);
    budget_.step(1 + static_cast<int64_t>(scanned.text.size()) / 16);
    const size_t start = at;
    at = scanned.end;
    if (scanned.repeating) {
      push(Tok::repeating, start, scanned.text);
      return;
    }
    if (scanned.exponent.empty()) {
      push(Tok::number, start, scanned.text);
      return;
    }
    budget_.check(BudgetSpent::digits, static_cast<int64_t>(scanned.exponent.size()), 18);
    push(Tok::open_group, start);
    push(Tok::number, start, scanned.text);
    push(Tok::times, start);
    push(Tok::number, start, "10");
    push(Tok::caret, start);
    push(Tok::open_group, start);
    if (scanned.exponent[0] == '-') push(Tok::minus, start);
    push(Tok::number, start, scanned.exponent.substr(scanned.exponent[0] == '-' ? 1 : 0));
    push(Tok::close_group, start);
    push(Tok::close_group, start);
  }

  bool after_value() const { return !tokens_.empty() && is_value_end(tokens_.back().type); }

  // Letters outside \text{...}.
  void letters(size_t& at, size_t end) {
    size_t stop = at;
    while (stop < end && is_word_byte(text_[stop])) ++stop;
    // "p.m." and "a.m."
    if (stop == at + 1 && starts(stop, ".m") && !is_word_byte(char_at(stop + 2))) {
      stop += 2;
      if (char_at(stop) == '.') ++stop;
    }
    LettersContext where;
    where.blank_before = blank_ || tokens_.empty();
    where.after_value = after_value();
    where.after_number = !tokens_.empty() && (tokens_.back().type == Tok::number ||
                                              tokens_.back().type == Tok::close_group);
    where.after_word = !tokens_.empty() && tokens_.back().type == Tok::text;
    where.before_call = char_at(stop) == '(' || char_at(stop) == '{';
    for (const LettersPart& part : split_letters(text_.substr(at, stop - at), where)) {
      Token& token = push(part.type, at, std::string(part.text));
      token.plain = true;
    }
    at = stop;
  }

  // The braces' content behind `at`: [first, last), and `at` behind them. A bare character when
  // there are no braces.
  std::pair<size_t, size_t> argument(size_t& at, size_t end) {
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

  void nested(int change) {
    nesting_ += change;
    budget_.check(BudgetSpent::depth, nesting_, budget_.limits().depth);
  }

  // The content of \text{...}: runs of words, and mathematics between them.
  void words(size_t at, size_t end) {
    nested(1);
    while (at < end) {
      const char c = text_[at];
      if (is_blank(c) || c == '.' || c == '"') {
        blank_ = true;
        ++at;
      } else if (is_word_byte(c)) {
        const size_t start = at;
        size_t stop = at;  // behind the last letter
        while (at < end) {
          if (is_word_byte(text_[at])) {
            stop = ++at;
          } else if (is_blank(text_[at]) || text_[at] == '.' ||
                     ((text_[at] == '\'' || text_[at] == '-') && is_word_byte(char_at(at + 1)))) {
            ++at;
          } else {
            break;
          }
        }
        at = stop;
        push_words(text_.substr(start, stop - start), start);
      } else {
        one(at, end);
      }
    }
    nested(-1);
  }

  void push_words(std::string_view run, size_t at) {
    std::string joined;
    std::vector<std::string> parts;
    for (size_t i = 0; i < run.size();) {
      while (i < run.size() && (is_blank(run[i]) || run[i] == '.')) ++i;
      const size_t start = i;
      while (i < run.size() && !is_blank(run[i]) && run[i] != '.') ++i;
      // The letters of "p.m." are one word.
      const bool dotted = start > 0 && run[start - 1] == '.';
      if (dotted && i == start + 1 && !parts.empty() && parts.back().size() == 1)
        parts.back() += run.substr(start, 1);
      else if (i > start)
        parts.emplace_back(run.substr(start, i - start));
    }
    const auto connective = [](const std::string& word) {
      return word == "and" ? Tok::and_ : word == "or" ? Tok::or_ : Tok::text;
    };
    size_t first = 0, last = parts.size();
    if (last > 0 && connective(parts[0]) != Tok::text) {
      push(connective(parts[0]), at);
      first = 1;
    }
    const bool ends = last > first && connective(parts[last - 1]) != Tok::text;
    if (ends) --last;
    for (size_t i = first; i < last; ++i) joined += (i > first ? " " : "") + parts[i];
    if (!joined.empty()) push_text(joined, at);
    if (ends) push(connective(parts[last]), at);
  }

  void push_text(const std::string& words, size_t at) {
    const std::string lower = lower_case(words);
    if (lower == "percent" || lower == "per cent" || lower == "pct") {
      push(Tok::percent, at);
    } else if (lower == "degrees" || lower == "degree") {
      push(Tok::degree, at);
    } else {
      push(Tok::text, at, words);
    }
  }

  void roman(size_t first, size_t last) {
    const std::string_view content = trim(text_.substr(first, last - first));
    const bool is_name = std::all_of(content.begin(), content.end(), is_letter);
    if (is_name && content.size() == 1) {
      // \mathrm{e}, \mathrm{d}x; \mathrm{m} behind a value or another unit is a metre.
      const size_t count = tokens_.size();
      const bool after_unit =
          count >= 2 && tokens_[count - 2].type == Tok::text &&
          (tokens_[count - 1].type == Tok::times || tokens_[count - 1].type == Tok::slash);
      const bool constant = content == "e" || content == "i" || content == "d";
      push(!constant && (after_value() || after_unit) ? Tok::text : Tok::symbol, first,
           std::string(content));
      return;
    }
    const Meaning* meaning = is_name ? find_command(content) : nullptr;
    if (meaning != nullptr && meaning->type == Tok::function && !(after_value() && blank_)) {
      push(Tok::function, first, meaning->text);
    } else {
      words(first, last);
    }
  }

  void command(size_t& at, size_t end) {
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

  void styled(const std::string& name, size_t& at, size_t end, size_t start) {
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
        if (content.size() == 1 && is_letter(content[0])) {
          push(Tok::vector, first, std::string(content));
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

  void negated(size_t& at, size_t end, size_t start) {
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

  void control_symbol(size_t& at, size_t start, size_t end) {
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
        // Escaped twice: "\\frac" for "\frac", where no row can end.
        if (environments_.empty() && at < end && is_letter(text_[at])) {
          at = at - 1;
          command(at, end);
          return;
        }
        push(Tok::row_break, start);
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

  void delimiter(size_t& at, size_t end, bool left) {
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

  // One token (or none) of mathematics.
  void one(size_t& at, size_t end) {
    budget_.step();
    const char c = text_[at];
    if (is_digit(c) || (c == '.' && is_digit(char_at(at + 1)))) {
      number(at);
    } else if (is_word_byte(c)) {
      letters(at, end);
    } else if (c == '\\') {
      command(at, end);
    } else {
      punctuation(at);
    }
  }

  void math(size_t at, size_t end) {
    while (at < end) {
      if (is_blank(text_[at]) || text_[at] == '~' || text_[at] == '"' || text_[at] == '`') {
        blank_ = true;
        ++at;
      } else {
        one(at, end);
      }
    }
  }

  void relation(size_t& at, size_t bytes, const char* text) {
    push(Tok::relation, at, text);
    at += bytes;
  }

  void punctuation(size_t& at) {
    const size_t start = at;
    const char next = char_at(at + 1);
    switch (text_[at]) {
      case '+':
        if (next == '-' || starts(at, "+/-")) {
          push(Tok::plus_minus, start, "+-");
          at += next == '-' ? 2 : 3;
          return;
        }
        push(Tok::plus, at++);
        return;
      case '-':
        if (next == '>') {
          push(Tok::to, start);
          at += 2;
          return;
        }
        push(Tok::minus, at++);
        return;
      case '*':
        push(next == '*' ? Tok::caret : Tok::times, at);
        at += next == '*' ? 2 : 1;
        return;
      case '<':
        return next == '=' ? relation(at, 2, "l") : relation(at, 1, "<");
      case '>':
        return next == '=' ? relation(at, 2, "g") : relation(at, 1, ">");
      case '=':
        if (next == '<') return relation(at, 2, "l");
        if (next == '>') fail(at, "a relation");
        return relation(at, next == '=' ? 2 : 1, "=");
      case ':':
        if (next == '=') return relation(at, 2, "=");
        push(Tok::colon, at++);
        return;
      case '!':
        // "x != 5" is an inequation, "5!=120" is not.
        if (next == '=' && (blank_ || !after_value())) return relation(at, 2, "!");
        push(Tok::bang, at++);
        return;
      case '(':
        return open(Tok::open_round, at++);
      case ')':
        return close(Tok::close_round, at++);
      case '[':
        return open(Tok::open_square, at++);
      case ']':
        return close(Tok::close_square, at++);
      case '{':
        return open(Tok::open_group, at++);
      case '}':
        return close(Tok::close_group, at++);
      case '.':
        if (starts(at, "...")) {
          push(Tok::symbol, at, "...");
          at += 3;
          return;
        }
        fail(at, "a digit");
      default:
        break;
    }
    static constexpr struct {
      char c;
      Tok type;
    } kSingles[] = {{'/', Tok::slash},  {'^', Tok::caret},   {'_', Tok::underscore},
                    {'|', Tok::bar},    {',', Tok::comma},   {';', Tok::semicolon},
                    {'\'', Tok::prime}, {'%', Tok::percent}, {'&', Tok::ampersand}};
    if (text_[at] == '&' && !environments_.empty() && environments_.back()) {
      blank_ = true;
      ++at;
      return;
    }
    for (const auto& single : kSingles) {
      if (single.c != text_[at]) continue;
      push(single.type, at++);
      return;
    }
    if (text_[at] == '$') {
      // A currency where it touches a number, else a delimiter inside the answer.
      if (is_digit(next) || next == '.' ||
          (!tokens_.empty() && tokens_.back().type == Tok::number && !blank_)) {
        push(Tok::currency, at++, "usd");
      } else {
        blank_ = true;
        ++at;
      }
      return;
    }
    fail(at, "mathematics");
  }

  std::string_view text_;
  Budget& budget_;
  std::vector<Token> tokens_;
  std::vector<Level> levels_;
  std::vector<size_t> decimal_brackets_;
  bool blank_ = false;
  std::vector<bool> environments_;  // open ones: whether '&' aligns there and parts no cells
  int64_t nesting_ = 0;
};

}  // namespace

std::vector<Token> lex(std::string_view text, Budget& budget) { return Lexer(text, budget).run(); }

}  // namespace cohort::math
