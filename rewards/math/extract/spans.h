// Formulas and numbers of a prose text, in order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cohort::math {

struct Span {
  size_t first, last;  // bytes [first, last) of the text, delimiters and units included
  std::string answer;  // as an answer by itself, unit included
  bool formula;        // between mathematics delimiters; else a number in the prose
};

// $...$, $$...$$, \(...\), \[...\] and displayed environments; and numbers outside them with what
// they are calculated with ("3 + 10", "13/28"). Linear.
std::vector<Span> find_spans(std::string_view text);

// The last run of spans that `joins` makes one list, as one answer; with the byte where it begins.
// Only spans that end in [from, to).
struct SpanRun {
  std::string answer;
  size_t first, last;
};
bool last_run(std::string_view text, const std::vector<Span>& spans, size_t from, size_t to,
              SpanRun& run);
// The run that begins with the first span at or behind `from`, which must be in the first `reach`
// bytes.
bool first_run(std::string_view text, const std::vector<Span>& spans, size_t from, size_t reach,
               SpanRun& run);

}  // namespace cohort::math
