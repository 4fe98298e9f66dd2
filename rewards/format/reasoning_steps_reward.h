// Credit for marks of step-by-step working (open-r1, rewards.py, reasoning_steps_reward):
//   min(1, marks / wanted)
// Marks: "Step 1:", a numbered or bulleted line, "First,", "Second,", "Next,", "Finally,". It says
// nothing about the working itself and is easily farmed.
#pragma once

#include "rewards/reward.h"

namespace cohort {

int64_t count_step_marks(std::string_view text);

struct ReasoningStepsSettings : RewardSettings {
  int64_t wanted = 3;
  void describe(Fields& f) override;
  std::unique_ptr<Reward> make() const override;
};

}  // namespace cohort
