// Rollouts with weights in 8 bits.
#include <set>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "tests/rollout/engine_test_support.h"

namespace cohort {
namespace {

SamplingConfig in_8_bits() {
  SamplingConfig sampling = short_sampling();
  sampling.weights = "q8_0";
  return sampling;
}

class RolloutWeights : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  RolloutWeights() : policy_(GetParam()), threads_(num_threads()) { set_num_threads(2); }
  ~RolloutWeights() override { set_num_threads(threads_); }

  std::map<int64_t, Group> sample(const std::vector<Prompt>& prompts, const EngineConfig& config) {
    return generate(policy_, prompts, config, in_8_bits());
  }

  TinyPolicy policy_;
  int threads_;
};

INSTANTIATE_TEST_SUITE_P(Dtypes, RolloutWeights, ::testing::Values(at::kFloat, at::kBFloat16));

TEST_P(RolloutWeights, AGroupIsTheSameInAnyBatchInAnyChunksOnAnyThreads) {
  const auto prompts = random_prompts(24);
  const auto together = sample(prompts, {});
  EngineConfig chunks;
  chunks.prefill_chunk = 3;
  chunks.block_size = 4;
  chunks.num_blocks = 40;
  const auto chunked = sample(prompts, chunks);
  set_num_threads(1);
  for (const Prompt& prompt : prompts) {
    expect_same_group(together.at(prompt.ordinal), chunked.at(prompt.ordinal), "chunks");
    expect_same_group(together.at(prompt.ordinal), sample({prompt}, {}).at(prompt.ordinal),
                      "alone");
  }
}

TEST_P(RolloutWeights, LogProbsAreNearThoseOfTheWeightsAndAreNotTheirs) {
  // One token each, so that both see the same context.
  const auto prompts = random_prompts(24);
  SamplingConfig first = short_sampling(), first_8 = in_8_bits();
  first.response_length = first_8.response_length = 1;
  const auto exact = generate(policy_, prompts, {}, first);
  const auto rounded = generate(policy_, prompts, {}, first_8);
  double largest = 0, sum = 0, size = 0;
  int64_t same_tokens = 0, count = 0;
  for (const auto& [ordinal, group] : exact) {
    for (size_t i = 0; i < group.completions.size(); ++i, ++count) {
      const Completion &a = group.completions[i], &b = rounded.at(ordinal).completions[i];
      if (a.tokens != b.tokens) continue;
      ++same_tokens;
      const double diff = std::abs(a.logprob[0] - b.logprob[0]);
      largest = std::max(largest, diff);
      sum += diff;
      size += std::abs(a.logprob[0]);
    }
  }
  // How much a random model makes of rounding is not known beforehand: the same distribution is
  // told from another one. The kernel's own test has the bound of its errors.
  EXPECT_GT(same_tokens, count / 2);
  EXPECT_GT(largest, 0);
  EXPECT_LT(sum, 0.1 * size);
}

TEST_P(RolloutWeights, FollowTheWeightsThatWereWritten) {
  const auto prompts = random_prompts(4);
  Engine engine(*policy_.decoder, *policy_.tokenizer, {});
  const auto sample_all = [&](Engine& with) {
    std::map<int64_t, Group> groups;
    with.generate(prompts, in_8_bits(), {.seed = 42}, [&](Group&& group) {
      const int64_t ordinal = group.prompt.ordinal;
      groups.emplace(ordinal, std::move(group));
    });
    return groups;
  };
  const auto before = sample_all(engine);
  policy_.store.flat().mul_(1.5);
  policy_.store.touch();
  const auto after = sample_all(engine);
  Engine fresh(*policy_.decoder, *policy_.tokenizer, {});
  const auto want = sample_all(fresh);
  for (const Prompt& prompt : prompts) {
    const auto& completion = after.at(prompt.ordinal).completions[0];
    EXPECT_FALSE(same_bits(before.at(prompt.ordinal).completions[0].logprob, completion.logprob));
    expect_same_group(want.at(prompt.ordinal), after.at(prompt.ordinal), "written");
  }
}

TEST_P(RolloutWeights, ExpertsAreRecordedForEveryTokenAndLayer) {
  const auto prompts = random_prompts(6);
  Engine engine(*policy_.decoder, *policy_.tokenizer, {});
  engine.record_experts = true;
  const auto layers = static_cast<size_t>(policy_.decoder->config().num_moe_layers());
  std::set<int16_t> seen;
  engine.generate(prompts, short_sampling(), {.seed = 42}, [&](Group&& group) {
    for (const Completion& completion : group.completions) {
      EXPECT_EQ(completion.expert_sets.size(), layers * completion.tokens.size());
      seen.insert(completion.expert_sets.begin(), completion.expert_sets.end());
    }
  });
  EXPECT_GT(seen.size(), 2u);  // of the 6 pairs of 4 experts
  EXPECT_LE(seen.size(), 6u);
}

}  // namespace
}  // namespace cohort
