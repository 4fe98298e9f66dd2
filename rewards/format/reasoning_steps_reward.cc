#include "rewards/format/reasoning_steps_reward.h"

#include <algorithm>
#include <array>

namespace cohort {

namespace {

constexpr std::array<std::string_view, 6> kMarks = {"First,",   "Second,", "Next,",
                                                    "Finally,", "\n-",     "\n*"};

// The end of the digits that begin at `at`; `at` itself when there are none.
size_t skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

// The length of the mark that begins at `at`; 0 when there is none.
size_t mark_at(std::string_view text, size_t at) {
  constexpr std::string_view kStep = "Step ";
  const std::string_view rest = text.substr(at);
  for (const std::string_view mark : kMarks)
    if (rest.starts_with(mark)) return mark.size();
  const bool step = rest.starts_with(kStep), line = at == 0 || text[at - 1] == '\n';
  if (!step && !line) return 0;
  const size_t digits = step ? at + kStep.size() : at, end = skip_digits(text, digits);
  if (end == digits || end == text.size() || text[end] != (step ? ':' : '.')) return 0;
  return end + 1 - at;
}

class ReasoningStepsReward : public CompletionReward {
 public:
  explicit ReasoningStepsReward(int64_t wanted) : wanted_(wanted) {}
  RewardResult score(const RewardInput& input) const override {
    const int64_t marks = count_step_marks(input.completion);
    if (marks >= wanted_) return {1, Verdict::correct, Reason::ok};
    return {static_cast<double>(marks) / static_cast<double>(wanted_), Verdict::incorrect,
            Reason::too_few_steps};
  }

 private:
  int64_t wanted_;
};

}  // namespace

int64_t count_step_marks(std::string_view text) {
  int64_t marks = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t length = mark_at(text, at);
    marks += length > 0;
    at += std::max<size_t>(length, 1);
  }
  return marks;
}

void ReasoningStepsSettings::describe(Fields& f) {
  f.field("wanted", wanted, "Marks that earn the whole reward.", at_least_int(1));
}

std::unique_ptr<Reward> ReasoningStepsSettings::make() const {
  return std::make_unique<ReasoningStepsReward>(wanted);
}

}  // namespace cohort
