#include <gtest/gtest.h>

#include "core/base/error.h"
#include "trainer/learner.h"

namespace cohort {
namespace {

TEST(ScheduledLr, WarmsUpLinearlyToThePeak) {
  OptimConfig config{.lr = 1.0, .lr_warmup_steps = 4};
  EXPECT_EQ(scheduled_lr(config, 1, 100), 0.25);
  EXPECT_EQ(scheduled_lr(config, 4, 100), 1.0);
  EXPECT_EQ(scheduled_lr(config, 5, 100), 1.0);
  EXPECT_EQ(scheduled_lr(config, 100, 100), 1.0);
}

TEST(ScheduledLr, LinearFallsToItsFloorOneStepAfterTheEnd) {
  OptimConfig config{.lr = 2.0, .lr_scheduler_type = "linear", .min_lr_ratio = 0.5};
  EXPECT_EQ(scheduled_lr(config, 1, 4), 2.0);
  EXPECT_EQ(scheduled_lr(config, 3, 4), 1.5);
  EXPECT_EQ(scheduled_lr(config, 4, 4), 1.25);
}

TEST(ScheduledLr, CosineIsHalfWayInTheMiddle) {
  OptimConfig config{.lr = 1.0, .lr_scheduler_type = "cosine", .lr_warmup_steps = 2};
  EXPECT_EQ(scheduled_lr(config, 3, 10), 1.0);
  EXPECT_NEAR(scheduled_lr(config, 7, 10), 0.5, 1e-15);
  EXPECT_GT(scheduled_lr(config, 10, 10), 0.0);
}

TEST(ScheduledLr, WarmUpMayOutlastTheRun) {
  OptimConfig config{.lr = 1.0, .lr_scheduler_type = "linear", .lr_warmup_steps = 10};
  EXPECT_EQ(scheduled_lr(config, 5, 5), 0.5);
}

TEST(OptimConfig, RefusesBetasThatAreNone) {
  for (const char* betas : {"[0.9]", "[0.9, 1.0]", "[-0.1, 0.9]"}) {
    OptimConfig config;
    EXPECT_THROW(read_config_text(std::string("betas: ") + betas, "test.yaml", {},
                                  [&](Fields& f) { config.describe(f); }),
                 ConfigError)
        << betas;
  }
}

TEST(PolicyLossConfig, RefusesDualClipOutsideVanilla) {
  for (const char* text :
       {"{loss_mode: gspo, clip_ratio_c: 3}", "{clip_ratio_c: 0.5}", "{loss_agg_mode: mean}"}) {
    PolicyLossConfig config;
    EXPECT_THROW(read_config_text(text, "test.yaml", {}, [&](Fields& f) { config.describe(f); }),
                 ConfigError)
        << text;
  }
}

}  // namespace
}  // namespace cohort
