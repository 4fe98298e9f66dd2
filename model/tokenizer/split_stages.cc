#include "model/tokenizer/split_stages.h"

#include <algorithm>

#include "core/base/error.h"
#include "model/tokenizer/replacement.h"
#include "model/tokenizer/unicode_additions.h"
#include "model/tokenizer/utf8.h"

namespace cohort {
namespace {

constexpr const char* kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// Matches and the gaps between them are parts of their own.
template <class Pattern>
class Isolated : public SplitStage {
 public:
  explicit Isolated(Pattern pattern) : pattern_(std::move(pattern)) {}
  void split(std::string_view text, bool at_start, const PartSink& part) const override {
    size_t done = 0;
    const auto put = [&](size_t begin, size_t end) {
      part(text.substr(begin, end - begin), at_start && begin == 0);
    };
    for (RegexMatch match; done < text.size() && pattern_.find(text, done, match);
         done = match.end) {
      if (match.begin > done) put(done, match.begin);
      put(match.begin, match.end);
    }
    if (done < text.size()) put(done, text.size());
  }

 private:
  Pattern pattern_;
};

// The other behaviours of Split: what a match is joined with.
class Joined : public SplitStage {
 public:
  enum class Behavior { removed, contiguous, with_previous, with_next };
  Joined(TextPattern pattern, Behavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void split(std::string_view text, bool at_start, const PartSink& part) const override {
    std::vector<Span> spans = find_all(text);
    if (behavior_ == Behavior::removed)
      std::erase_if(spans, [](const Span& span) { return span.is_match; });
    else
      join(spans);
    for (const Span& span : spans)
      part(text.substr(span.begin, span.end - span.begin), at_start && span.begin == 0);
  }

 private:
  struct Span {
    size_t begin, end;
    bool is_match;
  };

  std::vector<Span> find_all(std::string_view text) const {
    std::vector<Span> spans;
    size_t done = 0;
    for (RegexMatch match; done < text.size() && pattern_.find(text, done, match);
         done = match.end) {
      if (match.begin > done) spans.push_back({done, match.begin, invert_});
      spans.push_back({match.begin, match.end, !invert_});
    }
    if (done < text.size()) spans.push_back({done, text.size(), invert_});
    return spans;
  }

  // Of two neighbours, the one that takes the other in grows. A match that follows a match is not
  // taken in by it.
  void join(std::vector<Span>& spans) const {
    if (behavior_ == Behavior::with_next) std::reverse(spans.begin(), spans.end());
    std::vector<Span> joined;
    for (size_t i = 0; i < spans.size(); ++i) {
      const bool takes = i > 0 && (behavior_ == Behavior::contiguous
                                       ? spans[i].is_match == spans[i - 1].is_match
                                       : spans[i].is_match && !spans[i - 1].is_match);
      if (!takes) {
        joined.push_back(spans[i]);
      } else {
        joined.back().begin = std::min(joined.back().begin, spans[i].begin);
        joined.back().end = std::max(joined.back().end, spans[i].end);
      }
    }
    if (behavior_ == Behavior::with_next) std::reverse(joined.begin(), joined.end());
    spans = std::move(joined);
  }

  TextPattern pattern_;
  Behavior behavior_;
  bool invert_;  // what lies between the matches counts as the match
};

struct SharedRegex {
  std::shared_ptr<const Regex> regex;
  bool find(std::string_view text, size_t position, RegexMatch& match) const {
    return regex->find(text, position, match);
  }
};

class SpaceBefore : public SplitStage {
  void split(std::string_view text, bool at_start, const PartSink& part) const override {
    if (text.starts_with(' ')) return part(text, at_start);
    part(std::string(" ").append(text), at_start);
  }
};

class Metaspace : public SplitStage {
 public:
  explicit Metaspace(MetaspaceSettings settings) : settings_(std::move(settings)) {}

  void split(std::string_view text, bool at_start, const PartSink& part) const override {
    const std::string& mark = settings_.replacement;
    std::string spelled;
    spelled.reserve(text.size() + text.size() / 2);
    const bool prepends = settings_.prepend == MetaspaceSettings::Prepend::always ||
                          (settings_.prepend == MetaspaceSettings::Prepend::first && at_start);
    if (prepends && !text.starts_with(' ') && !text.starts_with(mark)) spelled = mark;
    for (char c : text) {
      if (c == ' ')
        spelled += mark;
      else
        spelled += c;
    }
    if (!settings_.split) return part(spelled, at_start);
    size_t begin = 0;  // every mark begins a part
    while (begin < spelled.size()) {
      const size_t from = spelled.compare(begin, mark.size(), mark) == 0 ? mark.size() : 0;
      const size_t end = std::min(spelled.find(mark, begin + from), spelled.size());
      part(std::string_view(spelled).substr(begin, end - begin), at_start && begin == 0);
      begin = end;
    }
  }

 private:
  MetaspaceSettings settings_;
};

}  // namespace

std::unique_ptr<const SplitStage> make_split(const Fields& component) {
  component.only({"type", "pattern", "behavior", "invert"});
  const bool invert = component.flag("invert");
  TextPattern pattern(component);
  const std::string behavior = component.text("behavior");
  if (behavior == "Isolated") return std::make_unique<Isolated<TextPattern>>(std::move(pattern));
  for (const auto& [name, value] : {std::pair{"Removed", Joined::Behavior::removed},
                                    {"Contiguous", Joined::Behavior::contiguous},
                                    {"MergedWithPrevious", Joined::Behavior::with_previous},
                                    {"MergedWithNext", Joined::Behavior::with_next}})
    if (behavior == name) return std::make_unique<Joined>(std::move(pattern), value, invert);
  component.refuse("behavior " + behavior);
}

std::unique_ptr<const SplitStage> make_digits(const Fields& component) {
  component.only({"type", "individual_digits"});
  const std::string digit = "[\\p{N}" + added_digit_ranges() + "]";
  return std::make_unique<Isolated<SharedRegex>>(SharedRegex{
      Regex::of_pcre2(component.flag("individual_digits") ? digit : digit + "+", component.where)});
}

std::unique_ptr<const SplitStage> make_metaspace(const Fields& component) {
  return std::make_unique<Metaspace>(MetaspaceSettings(component));
}

std::unique_ptr<const SplitStage> make_space_before(const Fields&) {
  return std::make_unique<SpaceBefore>();
}

std::unique_ptr<const SplitStage> make_gpt2_split(const Fields& component) {
  return std::make_unique<Isolated<SharedRegex>>(
      SharedRegex{std::make_shared<const Regex>(kGpt2Pattern, component.where)});
}

MetaspaceSettings::MetaspaceSettings(const Fields& component)
    : replacement(component.text("replacement")), split(component.flag("split", true)) {
  component.only({"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
  if (replacement.empty() || next_utf8(replacement, 0).length != replacement.size())
    component.refuse("replacement '" + replacement + "'");
  const std::string scheme = component.text("prepend_scheme", "always");
  if (scheme == "always")
    prepend = Prepend::always;
  else if (scheme == "first")
    prepend = Prepend::first;
  else if (scheme == "never")
    prepend = Prepend::never;
  else
    component.refuse("prepend_scheme " + scheme);
  // The older form, in which there was no scheme; beside one it may only agree.
  if (!component.flag("add_prefix_space", true)) {
    if (component.object.contains("prepend_scheme") && prepend != Prepend::never)
      throw_error<InputError>("{}: add_prefix_space and prepend_scheme contradict each other",
                              component.where);
    prepend = Prepend::never;
  }
}

}  // namespace cohort
