#include "trainer/policy_batch.h"

namespace cohort {

std::vector<TrainGroup> to_train_groups(const std::vector<Group>& groups,
                                        const OverlongConfig& overlong, int64_t num_carried) {
  std::vector<TrainGroup> batch;
  for (const Group& group : groups) {
    TrainGroup& train = batch.emplace_back();
    train.prompt = group.prompt.tokens;
    for (const Completion& completion : group.completions) {
      const bool masked = overlong.mask_truncated && completion.finish == Finish::length;
      TrainSample& sample = train.samples.emplace_back();
      sample.carried = static_cast<int64_t>(batch.size()) <= num_carried;
      sample.tokens = completion.tokens;
      sample.old_logprob = completion.logprob;
      sample.expert_sets = completion.expert_sets;
      sample.mask.assign(completion.tokens.size(), masked ? 0 : 1);
    }
  }
  return batch;
}

Metrics punish_overlong(const GrpoConfig& config, std::vector<Group>& groups) {
  if (config.overlong.buffer_len == 0) return {};
  double sum = 0, count = 0;
  for (Group& group : groups) {
    for (size_t i = 0; i < group.completions.size(); ++i) {
      const double punishment =
          overlong_punishment(static_cast<int64_t>(group.completions[i].tokens.size()),
                              config.rollout.sampling.response_length, config.overlong.buffer_len,
                              config.overlong.penalty_factor);
      group.scores[i].punishment += punishment;
      sum += punishment;
      count += 1;
    }
  }
  return {{"punishment/overlong/mean", count > 0 ? sum / count : 0.0}};
}

Metrics punish_kl(const GrpoConfig& config, const std::vector<TrainGroup>& batch,
                  std::vector<Group>& groups) {
  if (!config.algorithm.use_kl_in_reward) return {};
  double sum = 0, count = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    for (size_t i = 0; i < groups[g].scores.size(); ++i) {
      const TrainSample& sample = batch[g].samples[i];
      const double punishment =
          -config.algorithm.kl_coef *
          kl_in_reward(sample.old_logprob, sample.reference_logprob, sample.mask);
      groups[g].scores[i].punishment += punishment;
      sum += punishment;
      count += 1;
    }
  }
  return {{"punishment/kl/mean", count > 0 ? sum / count : 0.0}};
}

void set_advantages(const AdvantageConfig& config, std::vector<Group>& groups,
                    std::vector<TrainGroup>& batch) {
  std::vector<std::vector<double>> rewards;
  for (const Group& group : groups) {
    std::vector<double>& row = rewards.emplace_back();
    for (const Score& score : group.scores) row.push_back(score.total + score.punishment);
  }
  const std::vector<std::vector<double>> advantages = compute_advantages(config, rewards);
  for (size_t g = 0; g < groups.size(); ++g) {
    groups[g].advantages = advantages[g];
    for (size_t i = 0; i < advantages[g].size(); ++i)
      batch[g].samples[i].advantage = advantages[g][i];
  }
}

}  // namespace cohort
