#include "rewards/reason.h"

#include <array>

#include "core/base/error.h"

namespace cohort {

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::correct:
      return "correct";
    case Verdict::incorrect:
      return "incorrect";
    case Verdict::undecided:
      return "undecided";
    case Verdict::not_applicable:
      return "not_applicable";
  }
  throw_error<CheckError>("verdict {} has no name", static_cast<int>(verdict));
}

const char* reason_name(Reason reason) {
  static constexpr std::array kNames = {
#define COHORT_REASON_NAME(name) #name,
      COHORT_REASONS(COHORT_REASON_NAME)
#undef COHORT_REASON_NAME
  };
  const auto index = static_cast<size_t>(reason);
  if (index >= kNames.size()) throw_error<CheckError>("reason {} has no name", index);
  return kNames[index];
}

bool decided_by_clock(Reason reason) {
  return reason == Reason::clock_exhausted || reason == Reason::time_limit ||
         reason == Reason::plugin_time_limit;
}

}  // namespace cohort
