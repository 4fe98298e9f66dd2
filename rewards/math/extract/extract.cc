#include "rewards/math/extract/extract.h"

#include <algorithm>
#include <array>

#include "rewards/math/extract/anchors.h"
#include "rewards/math/extract/final_part.h"
#include "rewards/math/extract/letters.h"
#include "rewards/math/extract/retraction.h"
#include "rewards/math/extract/spans.h"
#include "rewards/math/extract/wording.h"
#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/names.h"
#include "rewards/math/parse/parse.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr size_t kTail = 4096;  // bytes in which an unmarked answer is looked for
constexpr size_t kBare = 400;   // bytes of a text that is an answer by itself
constexpr size_t kMaxWords = 6;

// The text cut to its end, at a blank.
std::string_view tail_of(std::string_view text) {
  if (text.size() <= kTail) return text;
  std::string_view tail = text.substr(text.size() - kTail);
  const size_t blank = tail.find_first_of(" \n");
  return blank == kNone ? tail : tail.substr(blank);
}

// "So x = 2", "I'd say 7", "Thus, x = 3": a word of two letters and more that is no name and no
// unit, with another word, a number or a comma behind it; letters around an apostrophe.
bool has_prose(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\\') {
      ++i;
      while (i < text.size() && is_letter(text[i])) ++i;
      if (text.substr(0, i).ends_with("\\text")) i = std::min(text.find('}', i), text.size());
      continue;
    }
    if (!is_letter(text[i])) {
      ++i;
      continue;
    }
    const size_t start = i;
    while (i < text.size() && is_letter(text[i])) ++i;
    const std::string_view word = text.substr(start, i - start);
    const std::string_view rest = text.substr(i);
    if (rest.size() < 2) return false;
    if (rest[0] == '\'' && is_letter(rest[1])) return true;
    if (word.size() < 2 || find_plain_name(word) != nullptr || find_unit(word) != nullptr) continue;
    if (rest[0] == ' ' && (is_letter(rest[1]) || is_digit(rest[1]))) return true;
    if (rest[0] == ',' && rest[1] == ' ' && start == 0) return true;
  }
  return false;
}

// Whether `text` as a whole reads as an answer: mathematics, or a few words.
bool is_answer(std::string_view text, bool words_too) {
  if (text.empty() || text.size() > kBare) return false;
  if (!words_too && has_prose(text)) return false;
  Budget budget;
  const Parsed parsed = parse_answer(text, budget);
  if (!parsed.expr) return false;
  if (parsed.expr->kind != Kind::words) return true;
  return words_too && static_cast<size_t>(std::count(parsed.expr->text.begin(),
                                                     parsed.expr->text.end(), ' ')) < kMaxWords;
}

// The byte behind the sentence that `at` is in.
size_t sentence_end(std::string_view text, size_t at) {
  for (size_t i = at; i < text.size(); ++i) {
    if (text[i] == '\n') return i;
    const bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    if (stop && (i + 1 == text.size() || is_blank(text[i + 1]))) return i;
    if (text.substr(i).starts_with("\xe3\x80\x82")) return i;
  }
  return text.size();
}

size_t sentence_start(std::string_view text, size_t at) {
  for (size_t i = at; i-- > 0;) {
    if (text[i] == '\n') return i + 1;
    const bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    if (stop && is_blank(text[i + 1])) return i + 1;
    if (text.substr(i).starts_with("\xe3\x80\x82")) return i + 3;
  }
  return 0;
}

// "5 because 2 + 3 = 5" up to "because".
std::string_view without_clause(std::string_view text) {
  static constexpr std::array<std::string_view, 13> kClauses = {
      " because", " since ", " as ",      ", which", " which ", ", so ", ", not ",
      " where ",  ", as ",   ", because", ", since", ", but ",  ", it "};
  size_t end = text.size();
  for (const std::string_view clause : kClauses) end = std::min(end, text.find(clause));
  text = trim(text.substr(0, end));
  while (!text.empty() && (text.back() == '*' || text.back() == '_')) text.remove_suffix(1);
  return trim(text);
}

Found one(std::string_view answer) {
  answer = trim(answer);
  if (answer.empty()) return {};
  return {Reason::ok, {std::string(answer)}, {}};
}

// What words make of the value in [first, last): nothing, or no answer.
Found in_its_words(std::string_view text, size_t from, size_t first, size_t last, Found found) {
  const std::string_view before = text.substr(from, first - from);
  const std::string_view behind = text.substr(last);
  if (denies_what_follows(before) || denied_behind(behind))
    return {Reason::no_answer, {}, {}, true};
  if (modifies_what_follows(before) || modified_behind(behind))
    return {Reason::no_answer, {}, {}, true};
  return found;
}

// What is announced at `at`, by the word at `word`.
Found announced(std::string_view text, size_t word, size_t at, const std::vector<Span>& spans) {
  const auto value_at = [&](size_t from) -> Found {
    SpanRun run;
    if (first_run(text, spans, from, 1, run)) {
      const size_t end = sentence_end(text, run.last);
      // A number goes on where a formula could: "5x + 3", "3/4 cup", "(2, 3)".
      const bool spoken_on =
          run.last < text.size() && static_cast<unsigned char>(text[run.last]) >= 0x80;
      if (text[run.first] != '$' && text[run.first] != '\\' && !spoken_on) {
        const std::string_view whole = without_clause(text.substr(from, end - from));
        if (is_answer(whole, false)) {
          if (denies_what_follows(text.substr(word, run.first - word)) ||
              modifies_what_follows(text.substr(word, run.first - word)) ||
              denied_behind(text.substr(end)))
            return {Reason::no_answer, {}, {}, true};
          return one(whole);
        }
      }
      return in_its_words(text, word, run.first, run.last, one(run.answer));
    }
    const std::string_view whole =
        without_clause(text.substr(from, sentence_end(text, from) - from));
    if (is_answer(whole, false)) return one(whole);
    return {};
  };
  static constexpr std::array<std::string_view, 14> kFillers = {
      "approximately ", "about ",  "simply ",  "just ",     "exactly ",
      "therefore ",     "indeed ", "thus ",    "equal to ", "given by ",
      "the number ",    "equals ", "clearly ", "still "};
  for (bool skipped = true; skipped;) {
    skipped = false;
    for (const std::string_view filler : kFillers)
      if (text.substr(at).starts_with(filler)) {
        at += filler.size();
        skipped = true;
      }
  }
  if (Found direct = value_at(at); direct.reason == Reason::ok || direct.denied) return direct;
  // "Final Answer: The number of points is 19."
  const size_t end = sentence_end(text, at);
  if (const auto copula = last_copula(text, at, end))
    if (Found found = value_at(*copula); found.reason == Reason::ok || found.denied) return found;
  SpanRun run;
  if (last_run(text, spans, at, std::min(end + 1, text.size()), run))
    return in_its_words(text, word, run.first, run.last, one(run.answer));
  const std::string_view words = without_clause(text.substr(at, end - at));
  if (is_answer(words, true)) return one(words);
  return {};
}

// Words before a formula that make its sentence a plan rather than a result.
bool states_a_task(std::string_view sentence) {
  static constexpr std::array<std::string_view, 25> kTasks = {
      "must",   "need",      "want",      "simplify", "evaluate", "compute", "calculate",
      "solve",  "determine", "consider",  "let",      "suppose",  "assume",  "if",
      "should", "try",       "maybe",     "perhaps",  "prove",    "show",    "whether",
      "unless", "wrong",     "incorrect", "mistaken"};
  const std::string lower = lower_case(sentence);
  for (size_t i = 0; i < lower.size();) {
    if (!is_letter(lower[i])) {
      ++i;
      continue;
    }
    const size_t start = i;
    while (i < lower.size() && is_letter(lower[i])) ++i;
    const std::string_view word(lower.data() + start, i - start);
    if (std::find(kTasks.begin(), kTasks.end(), word) != kTasks.end()) return true;
    if (word == "find" && !std::string_view(lower).substr(i).starts_with(" that")) return true;
  }
  return false;
}

// What follows the last "So", "Thus", ... of a sentence.
std::string_view conclusion(std::string_view sentence) {
  size_t start = 0;
  for (const std::string_view word :
       {"So", "Thus", "Therefore", "Hence", "so", "thus", "therefore"})
    for (size_t at = sentence.find(word); at != kNone; at = sentence.find(word, at + 1)) {
      const size_t end = at + word.size();
      const bool whole = (at == 0 || !is_letter(sentence[at - 1])) &&
                         (end == sentence.size() || !is_letter(sentence[end]));
      if (whole) start = std::max(start, end);
    }
  return sentence.substr(start);
}

// With `tasks`, not that of a sentence which only states what is to be done.
Found last_formula(std::string_view text, const std::vector<Span>& spans, bool tasks = true) {
  SpanRun run;
  if (!last_run(text, spans, 0, text.size(), run)) return {};
  const size_t start = sentence_start(text, run.first);
  const size_t end = sentence_end(text, run.last);
  if (end < text.size() && text[end] == '?') return {};  // it asks
  // Cut off before its value: "... = 7 and hence x ="
  const std::string_view whole = trim(text);
  if (std::string_view("=+-/^").find(whole.back()) != kNone) return {};
  if (tasks && states_a_task(conclusion(text.substr(start, run.first - start)))) return {};
  // "She needs at least 7" names 7.
  const std::string before = lower_case(without_openers(text.substr(start, run.first - start)));
  if ((before.ends_with("at least") || before.ends_with("at most")) &&
      !denied_behind(text.substr(run.last)) && !modified_behind(text.substr(run.last)))
    return one(run.answer);
  return in_its_words(text, start, run.first, run.last, one(run.answer));
}

// "1,5" of a language that writes decimals so; three digits stay thousands.
void make_point(std::string& answer) {
  const size_t comma = answer.find(',');
  if (comma == kNone || comma == 0 || answer.find(',', comma + 1) != kNone ||
      !is_digit(answer[comma - 1]))
    return;
  size_t end = comma + 1;
  while (end < answer.size() && is_digit(answer[end])) ++end;
  const size_t digits = end - comma - 1;
  if (digits == 0 || digits == 3) return;
  answer[comma] = '.';
  // "1.234,5"
  for (size_t point = answer.rfind('.', comma - 1);
       point != kNone && point > 0 && is_digit(answer[point - 1]);
       point = answer.rfind('.', point - 1))
    answer.erase(point, 1);
}

// Without fenced blocks of a programming language: a program is no answer.
std::string without_programs(std::string_view text) {
  std::string out;
  for (;;) {
    const size_t open = text.find("```");
    const size_t close = open == kNone ? kNone : text.find("```", open + 3);
    if (close == kNone) return out.append(text);
    size_t end = open + 3;
    while (end < close && is_letter(text[end])) ++end;
    const std::string language = lower_case(text.substr(open + 3, end - open - 3));
    const bool plain = language.empty() || language == "math" || language == "latex" ||
                       language == "tex" || language == "text" || language == "txt" ||
                       language == "markdown";
    out.append(text.substr(0, plain ? close + 3 : open));
    out += '\n';
    text.remove_prefix(close + 3);
  }
}

Extraction unmarked(std::string_view text, const ExtractOptions& options) {
  if (options.wants_letter) {
    Found letter = find_letter(tail_of(text));
    if (letter.reason != Reason::no_answer) return {std::move(letter), Mark::announcement};
  }
  const std::string_view tail = tail_of(text);
  const auto anchor = last_anchor(tail);
  if (!anchor && is_answer(trim(text), false)) return {one(text), Mark::bare};
  const std::vector<Span> spans = find_spans(tail);
  if (anchor) {
    // What is said after "wait, that's wrong" counts; when that is nothing, there is no answer.
    if (const auto behind = retraction(tail.substr(anchor->answer), true)) {
      const std::string_view rest = tail.substr(anchor->answer + *behind);
      Found found = last_formula(rest, find_spans(rest), false);
      if (found.reason != Reason::ok) found = {Reason::no_answer, {}, {}, true};
      return {std::move(found), Mark::last_formula};
    }
    Found found = announced(tail, anchor->word, anchor->answer, spans);
    if (found.reason == Reason::ok && anchor->decimal_comma) make_point(found.texts.front());
    if (found.reason == Reason::ok || found.denied) return {std::move(found), Mark::announcement};
  }
  if (Found found = last_formula(tail, spans); found.reason == Reason::ok || found.denied)
    return {std::move(found), Mark::last_formula};
  if (!trim(text).ends_with('?') && is_answer(trim(text), true)) return {one(text), Mark::words};
  return {};
}

// The content of <answer> may be a sentence.
Found unwrapped(Found found) {
  if (found.texts.size() != 1 || is_answer(found.texts.front(), false)) return found;
  const std::string& text = found.texts.front();
  if (text.find("\\boxed") != std::string::npos) return found;
  const std::string_view tail = tail_of(text);
  const std::vector<Span> spans = find_spans(tail);
  Found inner;
  if (const auto anchor = last_anchor(tail))
    inner = announced(tail, anchor->word, anchor->answer, spans);
  else if (spans.size() == 1 && has_prose(text) && !has_denial(tail) && !retraction(tail, true))
    inner = last_formula(tail, spans);  // "She has 8 apples left."
  return inner.reason == Reason::ok || inner.denied ? inner : found;
}

}  // namespace

Extraction find_answer(std::string_view completion, const ExtractOptions& options) {
  const FinalPart part = final_part(completion);
  Found marked = find_marked(part.text);
  if (marked.reason != Reason::no_answer || marked.denied) {
    if (marked.reason == Reason::ok) marked = unwrapped(std::move(marked));
    return {std::move(marked), Mark::box};
  }
  Extraction extraction = part.text.find("```") == kNone
                              ? unmarked(part.text, options)
                              : unmarked(without_programs(part.text), options);
  const bool nothing =
      extraction.found.reason == Reason::no_answer || extraction.mark == Mark::words;
  if (nothing && has_mark(part.thinking))
    return {{Reason::answer_outside_final_part, {}, {}}, Mark::none};
  return extraction;
}

Found find_gold(std::string_view gold) {
  const FinalPart part = final_part(gold);
  Found marked = find_marked(part.text);
  if (marked.reason != Reason::no_answer || marked.denied) return marked;
  if (is_answer(trim(gold), false)) return one(gold);
  Extraction extraction = unmarked(gold, {});
  if (extraction.found.reason == Reason::ok && extraction.mark == Mark::announcement)
    return extraction.found;
  return one(gold);
}

}  // namespace cohort::math
