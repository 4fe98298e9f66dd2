// Language consistency, as R1's (arXiv 2501.12948, section 2.3.2): the share of words of the target
// language in the chain of thought.
#pragma once

#include "rewards/reward.h"

namespace cohort {

struct LanguageSettings : RewardSettings {
  std::string language = "en";
  int64_t min_words = 10;
  double neutral = 0.0;
  double threshold = 0.9;
  bool binary = false;
  void describe(Fields& f) override;
  std::unique_ptr<Reward> make() const override;
};

}  // namespace cohort
