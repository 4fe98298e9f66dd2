#include "rewards/language/words.h"

#include <algorithm>
#include <array>

#include "rewards/language/common_words.h"
#include "rewards/language/prose.h"

namespace cohort {

namespace {

using Text = std::u32string_view;

constexpr std::array<Text, 24> kFunctions = {U"sin", U"cos", U"tan", U"cot",  U"sec", U"csc",
                                             U"log", U"ln",  U"lg",  U"exp",  U"lim", U"max",
                                             U"min", U"mod", U"gcd", U"lcm",  U"det", U"deg",
                                             U"dim", U"ker", U"sup", U"sqrt", U"arg", U"div"};

bool is_apostrophe(char32_t c) { return c == U'\'' || c == 0x2019 || c == 0x02BC; }
bool is_single(Script script) {
  return script == Script::han || script == Script::hiragana || script == Script::katakana;
}
bool ends_sentence(char32_t c) {
  return c == U'\n' || c == U'.' || c == U'!' || c == U'?' || c == 0x3002 || c == 0xFF01 ||
         c == 0xFF1F;
}
// Alphabets in which variables are written.
bool is_formula_script(Script script) {
  return script == Script::latin || script == Script::greek || script == Script::symbolic;
}

class Reader {
 public:
  explicit Reader(Text text) : text_(text), parts_(parts_of(text)) {}

  std::vector<Word> read() {
    for (size_t at = 0; at < text_.size();) {
      const Script script = parts_[at] == Part::hidden ? Script::none : letter_script(text_[at]);
      if (script == Script::none) {
        if (ends_sentence(text_[at])) ++sentence_;
        if (!is_blank(text_[at])) bare_.clear();
        ++at;
      } else if (is_single(script)) {
        words_.push_back({.text = {text_[at]}, .script = script, .sentence = sentence_});
        bare_.clear();
        ++at;
      } else {
        at = read_run(at);
      }
    }
    return std::move(words_);
  }

 private:
  // The letters from `begin` on that belong together.
  size_t read_run(size_t begin) {
    Word word{.text = {},
              .script = letter_script(text_[begin]),
              .capital = is_upper(text_[begin]),
              .sentence = sentence_};
    size_t at = begin, letters = 0, capitals = 0;
    for (; at < text_.size() && parts_[at] == parts_[begin]; ++at) {
      const char32_t c = text_[at];
      if (is_mark(c)) continue;
      if (is_apostrophe(c) && at + 1 < text_.size() &&
          letter_script(text_[at + 1]) == word.script) {
        word.text.push_back(U'\'');
        continue;
      }
      const Script script = letter_script(c);
      // A Korean particle stands behind a foreign word without a blank.
      const bool other_word = (script == Script::hangul) != (word.script == Script::hangul);
      if (script == Script::none || is_single(script) || other_word) break;
      word.mixed |= script != word.script;
      word.text.push_back(to_lower(c));
      ++letters;
      capitals += is_upper(c);
    }
    if (is_formula(word, begin, at, letters, capitals)) {
      bare_.clear();
    } else if (parts_[begin] == Part::formula && is_formula_script(word.script)) {
      add_bare(std::move(word));
    } else {
      words_.push_back(std::move(word));
    }
    return at;
  }

  bool touches_number(size_t begin, size_t end) const {
    const auto is_number = [](char32_t c) { return is_digit(c) || c == U'_'; };
    return (begin > 0 && is_number(text_[begin - 1])) ||
           (end < text_.size() && is_number(text_[end]));
  }

  // A variable, a name of points, a function, an identifier: of no language.
  bool is_formula(const Word& word, size_t begin, size_t end, size_t letters,
                  size_t capitals) const {
    constexpr size_t kShort = 4;
    if (!is_formula_script(word.script)) return false;
    if (letters == 1 || touches_number(begin, end)) return true;
    if (word.script == Script::symbolic || word.mixed) return letters <= 2;
    if (word.script == Script::greek) return false;
    if (letters == capitals && letters <= kShort && languages_with(word.text) == 0) return true;
    return std::ranges::find(kFunctions, word.text) != kFunctions.end();
  }

  // Words of a formula count when kProse of them follow one another: prose between dollars.
  void add_bare(Word word) {
    constexpr size_t kProse = 3;
    bare_.push_back(std::move(word));
    if (bare_.size() < kProse) return;
    if (bare_.size() > kProse) {
      words_.push_back(bare_.back());
    } else {
      words_.insert(words_.end(), bare_.begin(), bare_.end());
    }
  }

  Text text_;
  std::vector<Part> parts_;
  std::vector<Word> words_, bare_;
  int32_t sentence_ = 0;
};

}  // namespace

std::vector<Word> words_of(std::string_view text) {
  const std::u32string visible = visible_code_points(text);
  return Reader(visible).read();
}

}  // namespace cohort
