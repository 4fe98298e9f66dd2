#include "rewards/math/answer_text.h"

namespace cohort {

namespace {

constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
constexpr std::string_view kAnswer = "<answer>", kEndAnswer = "</answer>";
constexpr std::string_view kBox = "\\boxed";
constexpr auto kNone = std::string_view::npos;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view outside_thinking(std::string_view text) {
  if (const size_t end = text.rfind(kEndThink); end != kNone)
    text.remove_prefix(end + kEndThink.size());
  return text.substr(0, text.find(kThink));
}

// The last \boxed that is a command of its own (\boxedfoo is not).
size_t last_box(std::string_view text) {
  size_t at = text.rfind(kBox);
  while (at != kNone && at + kBox.size() < text.size() && is_letter(text[at + kBox.size()]))
    at = at == 0 ? kNone : text.rfind(kBox, at - 1);
  return at;
}

AnswerText finish(std::string_view content) {
  content = trim_blanks(content);
  return {content.empty() ? Reason::empty_answer : Reason::ok, content};
}

// `text` begins behind \boxed. Braces are matched; \{ and \} are not braces.
AnswerText read_box(std::string_view text) {
  const size_t open = text.find_first_not_of(" \t\r\n");
  if (open == kNone || text[open] != '{') return {Reason::unterminated_box, {}};
  int64_t depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return finish(text.substr(open + 1, i - open - 1));
    }
  }
  return {Reason::unterminated_box, {}};
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == kNone) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

AnswerText find_answer(std::string_view completion) {
  const std::string_view text = outside_thinking(completion);
  const size_t answer = text.rfind(kAnswer), box = last_box(text);
  if (answer == kNone && box == kNone) return {Reason::no_answer, {}};
  if (answer == kNone || (box != kNone && box > answer))
    return read_box(text.substr(box + kBox.size()));
  const std::string_view rest = text.substr(answer + kAnswer.size());
  const size_t end = rest.find(kEndAnswer);
  if (end == kNone) return {Reason::unterminated_answer, {}};
  return finish(rest.substr(0, end));
}

}  // namespace cohort
