// A tiny policy and a batch for it.
#pragma once

#include "core/base/rng.h"
#include "trainer/learner.h"

namespace cohort::toy {

inline ModelConfig model_config(bool mtp = false) {
  ModelConfig config;
  config.vocab_size = 40;
  config.hidden_size = 32;
  config.intermediate_size = 48;
  config.moe_intermediate_size = 16;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 2;
  config.kv_lora_rank = 16;
  config.qk_nope_head_dim = 8;
  config.qk_rope_head_dim = 8;
  config.v_head_dim = 8;
  config.initializer_range = 0.1;
  config.max_position_embeddings = 64;
  config.num_nextn_predict_layers = mtp ? 1 : 0;
  return config;
}

// Weights, decoder, masters: a policy as every rank of a run has it.
struct Policy {
  explicit Policy(const ModelConfig& config, at::ScalarType dtype = at::kFloat, uint64_t seed = 1)
      : store(config, dtype) {
    store.initialise(seed, &masters);
    decoder = std::make_unique<Decoder>(store);
  }
  ParameterStore store;
  at::Tensor masters;
  std::unique_ptr<Decoder> decoder;
};

// `fixed`: groups of one shape. Some samples of the others are empty, of one token, partly or
// wholly masked.
inline std::vector<TrainGroup> make_groups(int64_t count, bool fixed = false, uint64_t seed = 5) {
  DrawStream draws({.seed = seed, .kind = DrawKind::data});
  const auto token = [&] { return static_cast<int32_t>(draws.next_below(40)); };
  std::vector<TrainGroup> groups(count);
  for (TrainGroup& group : groups) {
    group.prompt.resize(fixed ? 4 : 2 + draws.next_below(5));
    for (int32_t& t : group.prompt) t = token();
    group.samples.resize(4);
    for (TrainSample& sample : group.samples) {
      sample.tokens.resize(fixed ? 6 : draws.next_below(9));
      sample.mask.assign(sample.tokens.size(), 1);
      for (int32_t& t : sample.tokens) t = token();
      if (!fixed) {
        for (uint8_t& m : sample.mask) m = draws.next_below(8) > 0;
        if (draws.next_below(8) == 0) std::fill(sample.mask.begin(), sample.mask.end(), uint8_t{0});
      }
      sample.advantage = draws.next_normal();
    }
  }
  return groups;
}

// Log-probs as `policy` gives them, moved by normal noise of that size.
inline void add_old_logprobs(Learner& learner, Decoder& policy, std::vector<TrainGroup>& groups,
                             double noise = 0) {
  learner.add_reference_logprobs(policy, groups, 1.0);
  DrawStream draws({.seed = 9, .kind = DrawKind::data});
  for (TrainGroup& group : groups) {
    for (TrainSample& sample : group.samples) {
      sample.old_logprob = sample.reference_logprob;
      if (noise == 0) continue;
      for (float& lp : sample.old_logprob) lp += static_cast<float>(noise * draws.next_normal());
      for (float& lp : sample.reference_logprob)
        lp += static_cast<float>(noise * draws.next_normal());
    }
  }
}

inline std::vector<float> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

// Every term of the loss.
inline PolicyLossConfig full_loss() {
  PolicyLossConfig loss;
  loss.kl_loss_coef = 0.1;
  loss.entropy_coeff = 0.02;
  return loss;
}

struct RunResult {
  std::vector<float> weights;
  std::vector<StepMetrics> metrics;
};

// Supervised and policy updates, with every term; the same program on any number of ranks.
inline RunResult train_a_little(Communicator& comm, at::ScalarType dtype, int64_t num_groups = 20) {
  Policy policy(model_config(/*mtp=*/true), dtype);
  Learner learner(*policy.decoder, comm,
                  {.dp_shards = 8,
                   .max_tokens_per_micro_batch = 40,
                   .router_bias_update_speed = 0.01,
                   .aux_loss_alpha = 0.01,
                   .mtp_loss_weight = 0.3},
                  {.weight_decay = 0.1});
  Learner::State& state = learner.state();
  state.master.copy_(policy.masters.narrow(0, state.begin, state.end - state.begin));
  learner.publish_masters();
  RunResult result;
  std::vector<TrainGroup> groups = make_groups(num_groups);
  result.metrics.push_back(learner.update_supervised(groups, 0.01));
  add_old_logprobs(learner, *policy.decoder, groups, 0.1);
  result.metrics.push_back(learner.update_policy(groups, full_loss(), 0.01));
  result.metrics.push_back(learner.update_policy(groups, full_loss(), 0.01));
  result.weights = values(policy.store.flat());
  for (const auto& [name, bias] : policy.store.buffers()) {
    const auto more = values(bias);
    result.weights.insert(result.weights.end(), more.begin(), more.end());
  }
  return result;
}

}  // namespace cohort::toy
