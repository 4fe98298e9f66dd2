// From graded groups to what the learner takes: rewards with their punishments, advantages,
// training samples.
#pragma once

#include <vector>

#include "trainer/batch.h"
#include "trainer/metrics.h"
#include "trainer/stage_config.h"

namespace cohort {

// Samples with old log-probs; with overlong.mask_truncated a truncated completion counts nowhere.
// The first num_carried groups are of an earlier step.
std::vector<TrainGroup> to_train_groups(const std::vector<Group>& groups,
                                        const OverlongConfig& overlong, int64_t num_carried);

// Adds DAPO's overlong punishment to every score's punishment. Returns punishment/overlong/mean
// where there is one.
Metrics punish_overlong(const GrpoConfig& config, std::vector<Group>& groups);
// Subtracts kl_coef times k1 from every score's punishment; the batch has its reference log-probs.
// Returns punishment/kl/mean.
Metrics punish_kl(const GrpoConfig& config, const std::vector<TrainGroup>& batch,
                  std::vector<Group>& groups);

// Advantages of the scores' totals with their punishments, into both.
void set_advantages(const AdvantageConfig& config, std::vector<Group>& groups,
                    std::vector<TrainGroup>& batch);

}  // namespace cohort
