// When a completion ends.
#pragma once

#include <optional>

#include "model/tokenizer/tokenizer.h"
#include "rollout/engine/engine.h"

namespace cohort {

class StopCondition {
 public:
  StopCondition(const SamplingConfig& config, const Tokenizer& tokenizer);

  // After each token: a stop id, a stop string in the decoded text (also one that spans tokens), or
  // the length limit. Nothing while it goes on.
  std::optional<Finish> finished(const Completion& completion) const;

 private:
  bool has_stop_string(const Completion& completion) const;

  const Tokenizer& tokenizer_;
  int64_t response_length_;
  std::vector<int64_t> ids_;
  std::vector<std::string> strings_;
  size_t window_ = 0;  // tokens at the end that can hold a stop string
};

}  // namespace cohort
