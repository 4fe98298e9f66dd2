// Figures over graded groups: what a step logs, and pass@1 with its interval. Sums run in double in
// the order of the groups, so they are the same on any number of ranks.
#pragma once

#include <string>
#include <vector>

#include "rollout/data/dataset.h"
#include "trainer/metrics.h"
#include "trainer/sampler.h"

namespace cohort {

// reward/mean, reward/NAME/mean, reward/NAME/reason/REASON (counts), accuracy,
// response_length/{mean, min, max, truncated}.
Metrics group_metrics(const std::vector<Group>& groups, const Grader& grader);

// Tokens of all completions.
double num_tokens(const std::vector<Group>& groups);

// pass@1: the mean over prompts of the share of right samples. The interval of 95 % is Wilson's, at
// the number of independent samples that the variance between prompts amounts to (samples of one
// prompt are not independent).
struct PassRate {
  double mean = 0, low = 0, high = 0;
  int64_t num_prompts = 0, num_samples = 0;
};
PassRate pass_at_1(const std::vector<Group>& groups, const Grader& grader);

// Every row of `data` as a prompt, in order; ordinals are rows.
std::vector<Prompt> all_prompts(const Dataset& data);

}  // namespace cohort
