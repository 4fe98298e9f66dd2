#include "rollout/engine/stop_condition.h"

#include <algorithm>

#include "core/base/error.h"

namespace cohort {

StopCondition::StopCondition(const SamplingConfig& config, const Tokenizer& tokenizer)
    : tokenizer_(tokenizer),
      response_length_(config.response_length),
      ids_(config.stop_token_ids),
      strings_(config.stop) {
  size_t longest = 0;
  for (const std::string& text : strings_) {
    if (text.empty()) throw_error<ConfigError>("an empty stop string would stop everything");
    longest = std::max(longest, text.size());
  }
  // A token decodes to a byte at least. A character cut at the front of the window becomes a
  // replacement character of up to 3 bytes' worth of tokens, which no stop string begins in.
  window_ = longest + 3;
}

std::optional<Finish> StopCondition::finished(const Completion& completion) const {
  if (std::ranges::find(ids_, int64_t{completion.tokens.back()}) != ids_.end()) return Finish::stop;
  if (has_stop_string(completion)) return Finish::stop;
  if (static_cast<int64_t>(completion.tokens.size()) >= response_length_) return Finish::length;
  return std::nullopt;
}

bool StopCondition::has_stop_string(const Completion& completion) const {
  if (strings_.empty()) return false;
  const size_t n = std::min(window_, completion.tokens.size());
  const std::string text = tokenizer_.decode(std::span(completion.tokens).last(n));
  return std::ranges::any_of(
      strings_, [&](const std::string& stop) { return text.find(stop) != std::string::npos; });
}

}  // namespace cohort
