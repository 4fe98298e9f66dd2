// A group's bits depend on its prompt, the weights, the sampling and the key of its draws, and on
// nothing else.

#include "core/base/threads.h"
#include "kernels/rows/rows.h"
#include "kernels/token_logprob/token_logprob.h"
#include "tests/rollout/engine_test_support.h"

namespace cohort {
namespace {

class EngineExactness : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  EngineExactness() : policy_(GetParam()), threads_(num_threads()) { set_num_threads(2); }
  ~EngineExactness() override { set_num_threads(threads_); }

  void expect_same(const std::map<int64_t, Group>& groups, const std::string& what) {
    for (const auto& [ordinal, group] : groups)
      expect_same_group(reference().at(ordinal), group,
                        what + ", ordinal " + std::to_string(ordinal));
  }
  // 64 prompts of 8: all 512 sequences in one batch.
  const std::map<int64_t, Group>& reference() {
    static std::map<at::ScalarType, std::map<int64_t, Group>> references;
    auto& groups = references[GetParam()];
    if (groups.empty()) groups = generate(policy_, random_prompts(64), {});
    return groups;
  }

  TinyPolicy policy_;
  int threads_;
};

TEST_P(EngineExactness, AGroupAloneIsTheGroupAmong512Sequences) {
  const auto prompts = random_prompts(64);
  for (const size_t i : {0, 1, 13, 40, 63})
    expect_same(generate(policy_, {prompts[i]}, {}), "alone");
}

TEST_P(EngineExactness, PromptsInAnyOrderGiveTheSameGroups) {
  auto prompts = random_prompts(64);
  std::reverse(prompts.begin(), prompts.end());
  expect_same(generate(policy_, prompts, {}), "reversed");
}

TEST_P(EngineExactness, ChunksOfAPromptChangeNothing) {
  for (const int64_t chunk : {16, 3}) {
    EngineConfig config;
    config.prefill_chunk = chunk;
    expect_same(generate(policy_, random_prompts(24), config),
                "chunks of " + std::to_string(chunk));
  }
}

TEST_P(EngineExactness, PreemptionChangesNothing) {
  for (const int64_t block_size : {16, 4}) {
    EngineConfig config;
    config.block_size = block_size;
    config.num_blocks = 160 / block_size;
    EngineStats stats;
    expect_same(generate(policy_, random_prompts(24), config, short_sampling(), &stats),
                "blocks of " + std::to_string(block_size));
    EXPECT_GT(stats.preemptions, 0);
  }
}

TEST_P(EngineExactness, SeatsAndRowsOfAStepChangeNothing) {
  for (const auto& [seqs, rows] : {std::pair{1, 1}, {5, 9}, {64, 64}}) {
    EngineConfig config;
    config.max_num_seqs = seqs;
    config.max_num_batched_tokens = rows;
    expect_same(generate(policy_, random_prompts(16), config), std::to_string(seqs) + " seats");
  }
}

TEST_P(EngineExactness, OneAndTwoThreadsGiveTheSameBits) {
  reference();
  set_num_threads(1);
  expect_same(generate(policy_, random_prompts(64), {}), "one thread");
}

// Groups as one pass of training lays them out: a prompt's rows once, then each sample's own rows.
struct TrainingPass {
  DecoderInput input;
  std::vector<int32_t> tokens, positions, rows, targets;
  std::vector<float> sampled;  // the log-prob of every target as the rollout gave it
  std::shared_ptr<kernels::AttentionLayout> layout = std::make_shared<kernels::AttentionLayout>();

  TrainingPass() { layout->query_offsets = layout->key_offsets = layout->tree_offsets = {0}; }
  void add(const Group& group) {
    const auto prompt_begin = static_cast<int32_t>(tokens.size());
    const auto prompt_length = static_cast<int32_t>(group.prompt.tokens.size());
    add_sequence(group.prompt.tokens, 0, prompt_begin);
    for (const Completion& c : group.completions) {
      const auto own = static_cast<int32_t>(tokens.size());
      add_sequence({c.tokens.begin(), c.tokens.end() - 1}, prompt_length, prompt_begin);
      for (size_t i = 0; i < c.tokens.size(); ++i) {
        rows.push_back(i == 0 ? prompt_begin + prompt_length - 1
                              : own + static_cast<int32_t>(i) - 1);
        targets.push_back(c.tokens[i]);
        sampled.push_back(c.logprob[i]);
      }
    }
    layout->tree_offsets.push_back(static_cast<int64_t>(layout->first_position.size()));
  }
  void add_sequence(const std::vector<int32_t>& own, int32_t first_position, int32_t prompt_begin) {
    if (own.empty()) return;
    for (int32_t i = 0; i < first_position; ++i) layout->key_rows.push_back(prompt_begin + i);
    for (size_t i = 0; i < own.size(); ++i) {
      layout->key_rows.push_back(static_cast<int32_t>(tokens.size()));
      tokens.push_back(own[i]);
      positions.push_back(first_position + static_cast<int32_t>(i));
    }
    layout->first_position.push_back(first_position);
    layout->query_offsets.push_back(static_cast<int64_t>(tokens.size()));
    layout->key_offsets.push_back(static_cast<int64_t>(layout->key_rows.size()));
  }
  static at::Tensor view(std::vector<int32_t>& values) {
    return at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kInt);
  }
  static kernels::RowShards one_shard(size_t rows) {
    return std::make_shared<const std::vector<int64_t>>(
        std::vector<int64_t>{0, static_cast<int64_t>(rows)});
  }
  std::vector<float> logprobs(Decoder& decoder, double temperature) {
    input.tokens = view(tokens);
    input.positions = view(positions);
    input.layout = layout;
    input.shards = one_shard(tokens.size());
    const at::Tensor hidden = decoder.hidden(input);
    const at::Tensor result =
        kernels::token_logprob(kernels::pick_rows(hidden, view(rows)), decoder.head(),
                               view(targets), temperature, kTokens, one_shard(rows.size()))
            .logprob;
    const float* data = result.const_data_ptr<float>();
    return {data, data + result.numel()};
  }
};

// The key contract: the importance ratio of the first on-policy update is exactly 1.
TEST_P(EngineExactness, SampledLogProbsAreTheTrainedOnesBitForBit) {
  for (const double temperature : {1.0, 0.7}) {
    SamplingConfig sampling = short_sampling();
    sampling.temperature = temperature;
    const auto groups = generate(policy_, random_prompts(20), {}, sampling);
    for (const bool gradients : {false, true}) {
      policy_.store.enable_gradients(gradients ? 1 : 0);
      TrainingPass together;
      for (const auto& [ordinal, group] : groups) {
        together.add(group);
        TrainingPass alone;
        alone.add(group);
        EXPECT_TRUE(same_bits(alone.logprobs(*policy_.decoder, temperature), alone.sampled))
            << "ordinal " << ordinal << " at " << temperature
            << (gradients ? " with gradients" : "");
      }
      EXPECT_GT(together.sampled.size(), 1000u);
      EXPECT_TRUE(same_bits(together.logprobs(*policy_.decoder, temperature), together.sampled));
    }
    policy_.store.enable_gradients(0);
  }
}

// The check above can fail: another temperature, another weight.
TEST_P(EngineExactness, AnotherPolicyHasOtherLogProbs) {
  const auto groups = generate(policy_, random_prompts(3), {});
  TrainingPass pass;
  for (const auto& [ordinal, group] : groups) pass.add(group);
  EXPECT_FALSE(same_bits(pass.logprobs(*policy_.decoder, 1.01), pass.sampled));
}

INSTANTIATE_TEST_SUITE_P(Dtypes, EngineExactness, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& info) { return std::string(c10::toString(info.param)); });

}  // namespace
}  // namespace cohort
