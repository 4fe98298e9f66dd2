#include "trainer/objective.h"

#include "core/base/error.h"

namespace cohort {
BatchCounts count_batch(const std::vector<TrainGroup>& groups, int64_t horizon) {
  BatchCounts counts;
  counts.loss.horizon = horizon;
  for (const TrainGroup& group : groups) {
    int64_t tokens_of_group = 0;
    for (const TrainSample& sample : group.samples) {
      const auto tokens =
          std::count_if(sample.mask.begin(), sample.mask.end(), [](uint8_t m) { return m != 0; });
      const bool second_counts = group.prompt.size() == 1 && tokens > 0 && sample.mask[0] != 0;
      counts.mtp_tokens += tokens - second_counts;
      counts.loss.sequences += tokens > 0;
      tokens_of_group += tokens;
    }
    counts.group_tokens.push_back(tokens_of_group);
    counts.loss.tokens += tokens_of_group;
    counts.loss.prompts += tokens_of_group > 0;
  }
  return counts;
}

Objective policy_objective(const PolicyLossConfig& config, const BatchCounts& counts,
                           double mtp_weight) {
  COHORT_CHECK(config.loss_agg_mode != "seq-mean-token-sum-norm" || config.loss_scale_factor > 0,
               "seq-mean-token-sum-norm needs loss_scale_factor");
  const auto loss = [&config, &counts](int64_t group, const TrainSample& sample,
                                       SampleArrays& arrays) {
    SequenceRecord record;
    record.loss = sequence_loss(config, counts.loss,
                                {.logprob = arrays.logprob,
                                 .old_logprob = sample.old_logprob,
                                 .reference_logprob = sample.reference_logprob,
                                 .entropy = arrays.entropy,
                                 .mask = sample.mask,
                                 .advantage = sample.advantage,
                                 .prompt_tokens_total = counts.group_tokens[group]},
                                arrays.d_logprob, arrays.d_entropy);
    if (!sample.carried)
      record.mismatch = logprob_mismatch(arrays.logprob, sample.old_logprob, sample.mask);
    return record;
  };
  return {loss, config.temperature, config.entropy_coeff != 0, mtp_weight};
}

// -sum logprob / N over the N counted tokens of the batch.
Objective supervised_objective(const BatchCounts& counts, double mtp_weight) {
  const auto loss = [&counts](int64_t, const TrainSample& sample, SampleArrays& arrays) {
    const auto gradient = static_cast<float>(-1.0 / static_cast<double>(counts.loss.tokens));
    for (size_t t = 0; t < sample.mask.size(); ++t) {
      if (sample.mask[t]) arrays.d_logprob[t] = gradient;
    }
    return SequenceRecord{};
  };
  return {loss, 1.0, false, mtp_weight};
}

}  // namespace cohort
