// Rewards of length, in tokens: of one completion (overlong, cosine_length) and within a group
// (kimi_length). Those that ask which answers are right read RewardGroup::accuracy; where that is
// undecided or missing, their value is 0 and their verdict not_applicable.
#pragma once

#include "rewards/reward.h"

namespace cohort {

// DAPO's soft overlong punishment (rewards/length/overlong.h).
struct OverlongSettings : RewardSettings {
  int64_t max_length = 20480;
  int64_t cache = 4096;
  void describe(Fields& f) override;
  std::unique_ptr<Reward> make() const override;
};

// Cosine reward (arXiv 2502.03373, section 4.2): between the value at length 0 and that at max_len
//   R = R_max_len + (R_0 - R_max_len) (1 + cos(pi length / max_len)) / 2
// for right and for wrong answers, each with its two ends. Lengths over max_len are max_len.
struct CosineRange {
  double at_zero = 0, at_max_len = 0;
  double at(int64_t length, int64_t max_len) const;
};
struct CosineLengthSettings : RewardSettings {
  CosineRange correct{.at_zero = 1.0, .at_max_len = 0.5};
  CosineRange wrong{.at_zero = -1.0, .at_max_len = -0.5};
  int64_t max_len = 1000;
  void describe(Fields& f) override;
  std::unique_ptr<Reward> make() const override;
  bool needs_accuracy() const override { return true; }
};

// Length reward of Kimi k1.5 (arXiv 2501.12599, section 2.3.3), over a prompt's completions:
//   lambda = 0.5 - (length - min_len) / (max_len - min_len)
// for a right answer, min(0, lambda) for a wrong one; 0 when all are of one length.
struct KimiLengthSettings : RewardSettings {
  void describe(Fields&) override {}
  std::unique_ptr<Reward> make() const override;
  bool needs_accuracy() const override { return true; }
};

}  // namespace cohort
