// Repetition penalty (arXiv 2502.03373, appendix; open-r1, rewards.py):
//   max_penalty (1 - distinct / total)   over the n-grams of the completion's words
// Words are lower-cased and stand between blanks; a Chinese or Japanese character is a word.
#pragma once

#include "rewards/reward.h"

namespace cohort {

struct NgramCount {
  int64_t distinct = 0, total = 0;
};
// In time linear in the length, n times.
NgramCount count_ngrams(std::string_view text, int64_t n);

struct RepetitionSettings : RewardSettings {
  int64_t ngram_size = 3;
  double max_penalty = -1.0;
  void describe(Fields& f) override;
  std::unique_ptr<Reward> make() const override;
};

}  // namespace cohort
