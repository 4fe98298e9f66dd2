// A tiny random policy and prompts for it.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "core/base/rng.h"
#include "model/decoder.h"
#include "rollout/engine/engine.h"

namespace cohort {

inline constexpr int64_t kTokens = 56;  // of the tokenizer; the vocabulary is padded to 64

inline ModelConfig tiny_config() {
  ModelConfig c;
  c.vocab_size = 64;
  c.hidden_size = 32;
  c.intermediate_size = 48;
  c.moe_intermediate_size = 16;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 2;
  c.n_routed_experts = 4;
  c.num_experts_per_tok = 2;
  c.kv_lora_rank = 16;
  c.qk_nope_head_dim = 8;
  c.qk_rope_head_dim = 8;
  c.v_head_dim = 8;
  c.initializer_range = 0.3;  // uneven probabilities
  c.max_position_embeddings = 256;
  return c;
}

struct TinyPolicy {
  explicit TinyPolicy(at::ScalarType dtype = at::kFloat) : store(tiny_config(), dtype) {
    store.initialise(3);
    decoder = std::make_unique<Decoder>(store);
  }
  ParameterStore store;
  std::unique_ptr<Decoder> decoder;
  std::shared_ptr<const Tokenizer> tokenizer =
      Tokenizer::characters("0123456789+-*/=,() .abcdefghijklmnopqrstuvwxyz?:",
                            {"<pad>", "<|user|>", "<|assistant|>", "<think>", "</think>",
                             "<answer>", "</answer>", "<|eos|>"});
};

inline Prompt random_prompt(int64_t ordinal, int64_t length) {
  Prompt prompt;
  prompt.ordinal = ordinal;
  prompt.source = "prompt " + std::to_string(ordinal);
  DrawStream draws({.seed = 8, .kind = DrawKind::data, .ordinal = static_cast<uint64_t>(ordinal)});
  for (int64_t i = 0; i < length; ++i)
    prompt.tokens.push_back(static_cast<int32_t>(draws.next_below(kTokens)));
  return prompt;
}

// Lengths 1, 8, 15, ... up to 40, so that blocks are partly filled in every way.
inline std::vector<Prompt> random_prompts(int64_t count) {
  std::vector<Prompt> prompts;
  for (int64_t i = 0; i < count; ++i) prompts.push_back(random_prompt(100 + i, 1 + (i * 7) % 40));
  return prompts;
}

inline SamplingConfig short_sampling(int64_t n = 8) {
  SamplingConfig sampling;
  sampling.n = n;
  sampling.response_length = 30;
  sampling.stop_token_ids = {7, 8, 9};  // one of 19 tokens or so: lengths from 1 to 30
  return sampling;
}

inline std::map<int64_t, Group> generate(TinyPolicy& policy, const std::vector<Prompt>& prompts,
                                         const EngineConfig& config,
                                         const SamplingConfig& sampling = short_sampling(),
                                         EngineStats* stats = nullptr) {
  Engine engine(*policy.decoder, *policy.tokenizer, config);
  std::map<int64_t, Group> groups;
  engine.generate(prompts, sampling, {.seed = 42, .stage = 3}, [&](Group&& group) {
    const int64_t ordinal = group.prompt.ordinal;
    EXPECT_TRUE(groups.emplace(ordinal, std::move(group)).second);
  });
  EXPECT_EQ(groups.size(), prompts.size());
  if (stats != nullptr) *stats = engine.stats();
  return groups;
}

// Bits, not values: a NaN or a signed zero would show.
inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

inline void expect_same_group(const Group& a, const Group& b, const std::string& what) {
  ASSERT_EQ(a.completions.size(), b.completions.size()) << what;
  for (size_t i = 0; i < a.completions.size(); ++i) {
    EXPECT_EQ(a.completions[i].tokens, b.completions[i].tokens) << what << ", sample " << i;
    EXPECT_TRUE(same_bits(a.completions[i].logprob, b.completions[i].logprob))
        << what << ", sample " << i;
    EXPECT_TRUE(same_bits(a.completions[i].logprob_sampled, b.completions[i].logprob_sampled))
        << what;
    EXPECT_EQ(a.completions[i].finish, b.completions[i].finish) << what;
    EXPECT_EQ(a.completions[i].text, b.completions[i].text) << what;
  }
}

}  // namespace cohort
