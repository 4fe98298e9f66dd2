#include "rewards/math/extract/alternative.h"

#include <vector>

#include "rewards/math/extract/spans.h"
#include "rewards/math/extract/wording.h"
#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

// "or" of some languages at the beginning of `text`: its length; 0: none.
size_t or_at(std::string_view text) {
  for (const std::string_view word :
       {"or ", "oder ", "ou ", "o ", "OR ", "Or ", "or}", "\xd0\xb8\xd0\xbb\xd0\xb8 ",
        "\xe6\x88\x96\xe8\x80\x85", "\xe6\x88\x96", "\xe3\x81\xbe\xe3\x81\x9f\xe3\x81\xaf",
        "\xeb\x98\x90\xeb\x8a\x94", "\\lor", "\\vee", "maybe ", "perhaps "})
    if (text.starts_with(word)) return word.size();
  return 0;
}

bool is_value_start(std::string_view text) {
  if (text.empty()) return false;
  if (is_digit(text[0])) return true;
  if (text[0] == '-' || text[0] == '$' || text[0] == '\\' || text[0] == '(')
    return text.size() > 1 && (is_digit(text[1]) || text[0] != '(') &&
           !text.starts_with("\\boxed") && !text.starts_with("\\fbox");
  return false;
}

// The formula or number that `text` begins with.
std::string leading_value(std::string_view text, bool to_the_end) {
  const std::vector<Span> spans = find_spans(text);
  SpanRun run;
  if (!first_run(text, spans, 0, 2, run)) return {};
  const std::string_view rest = trim(without_closers(text.substr(run.last)));
  if (to_the_end && !rest.empty() && rest[0] != '.' && rest[0] != '<' && rest[0] != '\n') return {};
  return run.answer;
}

}  // namespace

std::string alternative(std::string_view text, const BoxPlace& box) {
  std::string_view line = text.substr(box.end, 200);
  line = line.substr(0, line.find('\n'));
  const std::string_view behind = without_closers(line);
  const bool comma = behind.starts_with(',');
  std::string_view rest = trim(comma ? behind.substr(1) : behind);
  if (const size_t word = or_at(rest)) {
    rest = without_closers(rest.substr(word));
    if (!rest.empty() && rest.starts_with("=")) return {};
    if (is_value_start(rest)) return leading_value(rest, false);
  } else if (is_value_start(rest) && (comma || line.starts_with(' '))) {
    return leading_value(rest, true);
  }
  const size_t start = box.at > 100 ? box.at - 100 : 0;
  std::string_view before = without_openers(text.substr(start, box.at - start));
  for (const std::string_view word :
       {" or", " oder", " ou", "\xe6\x88\x96", "\xe3\x81\xbe\xe3\x81\x9f\xe3\x81\xaf"})
    if (before.ends_with(word)) {
      before.remove_suffix(word.size());
      const std::vector<Span> spans = find_spans(before);
      if (!spans.empty() && trim(without_closers(before.substr(spans.back().last))).empty())
        return spans.back().answer;
    }
  return {};
}

}  // namespace cohort::math
