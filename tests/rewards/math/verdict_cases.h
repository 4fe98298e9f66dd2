// Pairs of gold and completion with the verdict that they must get.
#pragma once

#include <gtest/gtest.h>

#include <span>

#include "rewards/math/verify.h"

namespace cohort::math {

struct Case {
  const char* gold;
  const char* completion;
  bool right;
};

inline void expect_verdicts(std::span<const Case> cases) {
  for (const Case& c : cases) {
    const RewardResult result = verify(c.gold, c.completion).result;
    EXPECT_EQ(result.verdict == Verdict::correct, c.right)
        << c.gold << " | " << c.completion << " | " << reason_name(result.reason) << " | "
        << result.extracted;
  }
}

}  // namespace cohort::math
