#include "rewards/math/extract/spans.h"

#include <algorithm>

#include "rewards/math/extract/marked.h"
#include "rewards/math/extract/plain_formula.h"
#include "rewards/math/extract/units_behind.h"
#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/number_lexer.h"

namespace cohort::math {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr size_t kMaxFormula = 4096;

// Prose between two dollar signs that are prices: two words of three letters and more.
bool reads_as_prose(std::string_view content) {
  size_t words = 0;
  for (size_t i = 0; i < content.size();) {
    if (content[i] == '\\') {
      ++i;
      while (i < content.size() && is_letter(content[i])) ++i;
      // The argument of \text{...} is prose by right.
      if (i < content.size() && content[i] == '{') {
        const size_t close = content.find('}', i);
        i = close == kNone ? content.size() : close;
      }
    } else if (content[i] == '?') {
      return true;
    } else if (is_letter(content[i])) {
      const size_t start = i;
      while (i < content.size() && is_letter(content[i])) ++i;
      if (i - start >= 3) ++words;
    } else {
      ++i;
    }
  }
  return words >= 2;
}

class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text) {}

  std::vector<Span> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '$') {
        dollars();
      } else if (c == '\\') {
        backslash();
      } else if (is_digit(c) || (c == '.' && is_digit_at(at_ + 1))) {
        number();
      } else {
        ++at_;
      }
    }
    return std::move(spans_);
  }

 private:
  bool is_digit_at(size_t i) const { return i < text_.size() && is_digit(text_[i]); }
  bool starts(size_t at, std::string_view what) const { return text_.substr(at).starts_with(what); }

  // The next `close` behind `from`; searched for once however many openings there are.
  size_t find_close(std::string_view close, size_t from, size_t& known) {
    if (known != kNone && known < from) {
      known = text_.find(close, from);
      while (close == "$" && known != kNone && text_[known - 1] == '\\' && known > from)
        known = text_.find(close, known + 1);
    }
    return known;
  }

  bool formula(size_t first, size_t inside, size_t close, size_t behind) {
    if (close == kNone || close - inside > kMaxFormula) return false;
    const std::string_view content = text_.substr(inside, close - inside);
    if (trim(content).empty()) return false;
    Span span{first, behind, std::string(trim(content)), true};
    const std::string unit = unit_behind(text_.substr(behind));
    span.answer += unit;
    spans_.push_back(std::move(span));
    at_ = behind;
    return true;
  }

  void dollars() {
    const size_t start = at_;
    const bool displayed = starts(at_, "$$");
    const size_t inside = start + (displayed ? 2 : 1);
    const size_t close =
        displayed ? find_close("$$", inside, double_dollar_) : find_close("$", inside, dollar_);
    if (close != kNone && close - inside <= kMaxFormula &&
        !reads_as_prose(text_.substr(inside, close - inside)) &&
        formula(start, inside, close, close + (displayed ? 2 : 1)))
      return;
    at_ = inside;
  }

  void backslash() {
    const size_t start = at_;
    if (starts(start, "\\(")) {
      if (formula(start, start + 2, find_close("\\)", start + 2, round_),
                  round_ == kNone ? 0 : round_ + 2))
        return;
    } else if (starts(start, "\\[")) {
      if (formula(start, start + 2, find_close("\\]", start + 2, square_),
                  square_ == kNone ? 0 : square_ + 2))
        return;
    } else if (starts(start, "\\begin{") && environment()) {
      return;
    }
    at_ = start + 2;  // "\$" and "\%" are no delimiters
    if (start + 1 < text_.size() && is_letter(text_[start + 1])) {
      at_ = start + 1;
      while (at_ < text_.size() && is_letter(text_[at_])) ++at_;
    }
  }

  bool environment() {
    const size_t start = at_;
    for (const char* name : {"align", "align*", "equation", "equation*", "gather", "gather*"}) {
      const std::string open = "\\begin{" + std::string(name) + "}";
      if (!starts(start, open)) continue;
      const std::string close = "\\end{" + std::string(name) + "}";
      const size_t end = text_.substr(start, kMaxFormula).find(close);
      if (end == kNone) return false;
      const size_t behind = start + end + close.size();
      spans_.push_back({start, behind, std::string(text_.substr(start, behind - start)), true});
      at_ = behind;
      return true;
    }
    return false;
  }

  void number() {
    const size_t start = at_;
    const ScannedNumber scanned = scan_number(text_, start, {});
    at_ = std::max(scanned.end, start + 1);
    if (text_[at_ - 1] == '.' && at_ - start > 1) --at_;  // the end of a sentence
    const std::string unit = unit_behind(text_.substr(at_));
    const size_t behind_formula = spans_.empty() || !spans_.back().formula ? 0 : spans_.back().last;
    const Extent extent = plain_formula(text_, {start, at_}, behind_formula, unit.empty());
    if (extent.first >= extent.last) return;
    Span span{extent.first, extent.last,
              std::string(text_.substr(extent.first, extent.last - extent.first)), false};
    span.answer += extent.last == at_ ? unit : unit_behind(text_.substr(extent.last));
    while (!spans_.empty() && !spans_.back().formula && spans_.back().last > extent.first)
      spans_.pop_back();  // its beginning
    at_ = std::max(at_, extent.last);
    spans_.push_back(std::move(span));
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Span> spans_;
  size_t dollar_ = 0, double_dollar_ = 0, round_ = 0, square_ = 0;
};

SpanRun make_run(std::string_view text, const std::vector<Span>& spans, size_t first, size_t last) {
  SpanRun run{spans[first].answer, spans[first].first, spans[last].last};
  for (size_t i = first + 1; i <= last; ++i) {
    const std::string gap =
        lower_case(text.substr(spans[i - 1].last, spans[i].first - spans[i - 1].last));
    run.answer += gap.find(" or ") != std::string::npos ? " \\text{ or } " : ", ";
    run.answer += spans[i].answer;
  }
  return run;
}

constexpr size_t kMaxRun = 16;

bool joined(std::string_view text, const Span& left, const Span& right) {
  return right.first >= left.last && right.first - left.last <= 40 &&
         joins(text.substr(left.last, right.first - left.last));
}

}  // namespace

std::vector<Span> find_spans(std::string_view text) { return Finder(text).run(); }

bool last_run(std::string_view text, const std::vector<Span>& spans, size_t from, size_t to,
              SpanRun& run) {
  const auto behind = std::find_if(spans.rbegin(), spans.rend(),
                                   [&](const Span& s) { return s.last <= to && s.first >= from; });
  if (behind == spans.rend()) return false;
  const size_t last = static_cast<size_t>(spans.rend() - behind) - 1;
  size_t first = last;
  while (first > 0 && last - first < kMaxRun && joined(text, spans[first - 1], spans[first]))
    --first;
  run = make_run(text, spans, first, last);
  return true;
}

bool first_run(std::string_view text, const std::vector<Span>& spans, size_t from, size_t reach,
               SpanRun& run) {
  const auto at =
      std::find_if(spans.begin(), spans.end(), [&](const Span& s) { return s.first >= from; });
  if (at == spans.end() || at->first > from + reach) return false;
  const size_t first = static_cast<size_t>(at - spans.begin());
  size_t last = first;
  while (last + 1 < spans.size() && last - first < kMaxRun &&
         joined(text, spans[last], spans[last + 1]))
    ++last;
  run = make_run(text, spans, first, last);
  return true;
}

}  // namespace cohort::math
