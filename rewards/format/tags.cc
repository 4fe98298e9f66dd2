#include "rewards/format/tags.h"

namespace cohort {

std::optional<std::string_view> thinking_of(std::string_view completion) {
  constexpr size_t kNone = std::string_view::npos;
  const size_t open = completion.find(kThink), close = completion.rfind(kEndThink);
  if (open == kNone && close == kNone) return std::nullopt;
  const size_t begin = open == kNone || (close != kNone && close < open) ? 0 : open + kThink.size();
  // </think> before the first <think>: what stands before it is thought, and so is what follows.
  const size_t end = close == kNone || (open != kNone && close < open) ? kNone : close;
  return completion.substr(begin, end == kNone ? kNone : end - begin);
}

}  // namespace cohort
