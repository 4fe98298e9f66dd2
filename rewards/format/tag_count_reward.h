// Partial credit for the format: 0.25 for each of R1's four tags that appears exactly once
// (open-r1, rewards.py, tag_count_reward).
#pragma once

#include "rewards/reward.h"

namespace cohort {

struct TagCountRule {
  bool ordered = false;   // a tag that stands before one of its predecessors does not count
  bool newlines = false;  // open-r1's layout: tags count with the line breaks around them alone
};

class TagCountReward : public CompletionReward {
 public:
  explicit TagCountReward(TagCountRule rule) : rule_(rule) {}
  RewardResult score(const RewardInput& input) const override;

 private:
  TagCountRule rule_;
};

struct TagCountSettings : RewardSettings {
  TagCountRule rule;
  void describe(Fields& f) override;
  std::unique_ptr<Reward> make() const override { return std::make_unique<TagCountReward>(rule); }
};

}  // namespace cohort
