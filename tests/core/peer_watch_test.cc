#include "core/comm/peer_watch.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

constexpr double kTimeout = 10;

TEST(PeerWatch, ASilentPeerEndsTheWaitAfterTheTimeout) {
  PeerWatch watch(0, 3, kTimeout);
  const PeerState mine = waiting_state(5, "barrier", "step");
  EXPECT_FALSE(watch.is_hopeless(mine, 100, 110));
  EXPECT_TRUE(watch.is_hopeless(mine, 100, 110.1));
  // Rank 1 is busy and says so; rank 2 is still silent.
  watch.heard(1, busy_state(4, "rollout"), 109);
  EXPECT_TRUE(watch.is_hopeless(mine, 100, 110.1));
  watch.heard(2, waiting_state(5, "barrier", "step"), 109);
  EXPECT_FALSE(watch.is_hopeless(mine, 100, 110.1));
  EXPECT_FALSE(watch.is_hopeless(mine, 100, 119));
  EXPECT_TRUE(watch.is_hopeless(mine, 100, 119.1));
}

TEST(PeerWatch, WaitingTogetherForNobodyEndsAfterTheTimeout) {
  PeerWatch watch(0, 2, kTimeout);
  const PeerState mine = waiting_state(5, "barrier", "step");
  for (double now = 101; now <= 110; ++now) {
    watch.heard(1, waiting_state(4, "barrier", "step"), now);
    EXPECT_FALSE(watch.is_hopeless(mine, 100, now));
  }
  EXPECT_TRUE(watch.is_hopeless(mine, 100, 110.1));
}

TEST(PeerWatch, AnotherOperationAtTheSamePlaceEndsTheWaitAtOnce) {
  const PeerState mine = waiting_state(5, "barrier", "step");
  const auto hopeless_beside = [&](const PeerState& other) {
    PeerWatch watch(0, 2, kTimeout);
    watch.heard(1, other, 100);
    return watch.is_hopeless(mine, 100, 100);
  };
  EXPECT_TRUE(hopeless_beside(waiting_state(5, "broadcast", "step")));
  EXPECT_TRUE(hopeless_beside(waiting_state(5, "barrier", "save")));
  EXPECT_FALSE(hopeless_beside(mine));
  EXPECT_FALSE(
      hopeless_beside(waiting_state(4, "broadcast", "weights")));  // still in the one before
  EXPECT_FALSE(hopeless_beside(waiting_state(6, "broadcast", "weights")));
  EXPECT_FALSE(hopeless_beside(busy_state(5, "rollout")));
}

TEST(PeerWatch, TheVerdictNamesEveryRankThatIsNotHere) {
  PeerWatch watch(1, 6, kTimeout);
  const PeerState mine = waiting_state(5, "barrier", "step");
  watch.heard(0, mine, 120);
  watch.heard(2, busy_state(4, "rollout"), 120);
  watch.heard(3, waiting_state(4, "broadcast", "weights"), 120);
  watch.heard(4, mine, 100);  // before it was asked
  EXPECT_EQ(
      watch.verdict(mine, 10.04, 119),
      "barrier 'step' (collective 5): not complete after 10.0 s (timeout 10 s); no answer from "
      "ranks 4, 5; rank 2 is busy with 'rollout'; rank 3 is in broadcast 'weights' (collective 4)");
  EXPECT_FALSE(watch.all_answered(119));
  EXPECT_EQ(watch.lowest_live(119), 0);
  EXPECT_EQ(watch.lowest_live(121), 1);
}

TEST(PeerWatch, LongNamesAreCut) {
  const PeerState state = waiting_state(1, "barrier", std::string(500, 'x').c_str());
  EXPECT_EQ(describe(state), "barrier '" + std::string(71, 'x') + "' (collective 1)");
}

TEST(PeerWatch, StatesAreToldOftenEnoughForTheTimeout) {
  EXPECT_EQ(PeerWatch(0, 2, 600).period_s(), 1.0);
  EXPECT_EQ(PeerWatch(0, 2, 1).period_s(), 0.1);
}

}  // namespace
}  // namespace cohort
