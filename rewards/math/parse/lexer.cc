#include "rewards/math/parse/lexer.h"

#include <algorithm>

#include "rewards/math/parse/lexer_state.h"
#include "rewards/math/parse/names.h"
#include "rewards/math/parse/plain_letters.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

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

}  // namespace

Lexer::Lexer(std::string_view text, Budget& budget) : text_(text), budget_(budget) {
  find_parted_brackets();
  has_lone_quote_ = std::count(text.begin(), text.end(), '"') == 1;
}

std::vector<Token> Lexer::run() {
  math(0, text_.size());
  blank_ = false;
  push(Tok::end, text_.size());
  return std::move(tokens_);
}

Token& Lexer::push(Tok type, size_t at, std::string text) {
  budget_.step();
  Token token;
  token.type = type;
  token.blank_before = blank_;
  token.at = static_cast<uint32_t>(at);
  token.text = std::move(text);
  blank_ = false;
  has_prime_ = has_prime_ || type == Tok::prime;
  tokens_.push_back(std::move(token));
  return tokens_.back();
}

void Lexer::find_parted_brackets() {
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

NumberContext Lexer::context() const {
  if (levels_.empty() || levels_.back().type == Tok::open_group) return {};
  const bool decimal =
      std::binary_search(decimal_brackets_.begin(), decimal_brackets_.end(), levels_.back().at);
  return {.comma_parts = true, .decimal_comma = decimal};
}

void Lexer::open(Tok type, size_t at) {
  levels_.push_back({type, at});
  budget_.check(BudgetSpent::depth, static_cast<int64_t>(levels_.size()), budget_.limits().depth);
  push(type, at);
}

void Lexer::close(Tok type, size_t at) {
  if (!levels_.empty()) levels_.pop_back();
  push(type, at);
}

void Lexer::number(size_t& at) {
  NumberContext where = context();
  where.script = !tokens_.empty() &&
                 (tokens_.back().type == Tok::caret || tokens_.back().type == Tok::underscore);
  const ScannedNumber scanned = scan_number(text_, at, where);
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

// "USD 25", "Rs. 25": the code of a currency before its number.
bool Lexer::currency_code(std::string_view letters, size_t& at) {
  static constexpr std::pair<std::string_view, const char*> kCodes[] = {
      {"USD", "usd"}, {"EUR", "eur"}, {"GBP", "gbp"}, {"JPY", "jpy"}, {"CNY", "cny"},
      {"RMB", "cny"}, {"INR", "inr"}, {"Rs", "inr"},  {"CHF", "chf"}};
  const auto* code = std::find_if(std::begin(kCodes), std::end(kCodes),
                                  [&](const auto& entry) { return entry.first == letters; });
  if (code == std::end(kCodes) || after_value()) return false;
  size_t next = at + letters.size();
  if (char_at(next) == '.' && !is_digit(char_at(next + 1))) ++next;
  while (is_blank(char_at(next)) || char_at(next) == '~') ++next;
  if (!is_digit(char_at(next))) return false;
  push(Tok::currency, at, code->second);
  at = next;
  return true;
}

void Lexer::letters(size_t& at, size_t end) {
  size_t stop = at;
  while (stop < end && is_word_byte(text_[stop])) ++stop;
  if (currency_code(text_.substr(at, stop - at), at)) return;
  // "p.m." and "a.m."
  if (stop == at + 1 && starts(stop, ".m") && !is_word_byte(char_at(stop + 2))) {
    stop += 2;
    if (char_at(stop) == '.') ++stop;
  }
  // "US\$5", "US$5"
  if (text_.substr(at, stop - at) == "US" && (starts(stop, "\\$") || char_at(stop) == '$')) {
    at = stop;
    return;
  }
  const size_t count = tokens_.size();
  const bool subscript = count >= 2 && tokens_[count - 1].type == Tok::open_group &&
                         tokens_[count - 2].type == Tok::underscore;
  LettersContext where;
  where.blank_before = blank_ || tokens_.empty() || subscript;
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

void Lexer::nested(int change) {
  nesting_ += change;
  budget_.check(BudgetSpent::depth, nesting_, budget_.limits().depth);
}

void Lexer::one(size_t& at, size_t end) {
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

void Lexer::math(size_t at, size_t end) {
  while (at < end) {
    if (text_[at] == '"' && is_double_prime(at)) {
      push(Tok::prime, at);
      push(Tok::prime, at++);
    } else if (is_blank(text_[at]) || text_[at] == '~' || text_[at] == '"' || text_[at] == '`') {
      blank_ = true;
      ++at;
    } else {
      one(at, end);
    }
  }
}

// The quotation mark of 5'10", or of 10" where no other one opens it.
bool Lexer::is_double_prime(size_t at) const {
  if (at == 0 || !is_digit(text_[at - 1]) || tokens_.empty() || tokens_.back().type != Tok::number)
    return false;
  return has_prime_ || has_lone_quote_;
}

void Lexer::relation(size_t& at, size_t bytes, const char* text) {
  push(Tok::relation, at, text);
  at += bytes;
}

void Lexer::punctuation(size_t& at) {
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
      // "5 ft. 10 in."
      if (!blank_ && !tokens_.empty() && tokens_.back().type == Tok::text &&
          find_unit(tokens_.back().text) != nullptr) {
        blank_ = true;
        ++at;
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

bool Lexer::after_value() const { return !tokens_.empty() && is_value_end(tokens_.back().type); }

std::vector<Token> lex(std::string_view text, Budget& budget) { return Lexer(text, budget).run(); }

}  // namespace cohort::math
