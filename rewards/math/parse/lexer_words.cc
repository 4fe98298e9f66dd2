// What stands in \text{...} and its like.
#include <algorithm>

#include "rewards/math/parse/lexer_state.h"
#include "rewards/math/parse/names.h"

namespace cohort::math {

void Lexer::words(size_t at, size_t end) {
  nested(1);
  while (at < end) {
    const char c = text_[at];
    const bool point = c == '.' && !is_digit(char_at(at + 1));
    if (c == '"' && is_double_prime(at)) {
      push(Tok::prime, at);
      push(Tok::prime, at++);
    } else if (is_blank(c) || point || c == '"' || c == '~') {
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

void Lexer::push_words(std::string_view run, size_t at) {
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

void Lexer::push_text(const std::string& words, size_t at) {
  const std::string lower = lower_case(words);
  if (lower == "percent" || lower == "per cent" || lower == "pct") {
    push(Tok::percent, at);
  } else if (lower == "degrees" || lower == "degree") {
    push(Tok::degree, at);
  } else {
    push(Tok::text, at, words);
  }
}

void Lexer::roman(size_t first, size_t last) {
  while (first < last && (is_blank(text_[first]) || text_[first] == '~')) {
    blank_ = true;
    ++first;
  }
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

}  // namespace cohort::math
