// A row's bits do not depend on how it is computed: whole or through the cache, alone or in
// company.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "model/decoder.h"
#include "tests/model/model_test_support.h"

namespace cohort {
namespace {

struct Case {
  const char* name;
  at::ScalarType dtype;
  const char* form;
  int64_t q_lora_rank;
  const char* arch = "deepseek_v3";
};

// Grouped queries in place of MLA, with all that the family has.
void make_grouped(ModelConfig& c) {
  c.num_attention_heads = 6;
  c.num_key_value_heads = 2;
  c.head_dim = 16;
  if (!c.has_experts()) c.first_k_dense_replace = c.num_hidden_layers;
  c.n_group = c.topk_group = 1;
  c.n_shared_experts = 0;
  c.attention_bias = c.arch == "llama";
  if (!c.gemma()) return;
  c.tie_word_embeddings = true;
  c.sliding_window = 6;
  c.layer_types = {"sliding_attention", "full_attention", "sliding_attention"};
}

class DecoderExactness : public testing::TestWithParam<Case> {
 protected:
  DecoderExactness()
      : config_(config_of(GetParam())), store_(config_, GetParam().dtype), decoder_(store_) {
    store_.initialise(11);
    for (const auto& [name, bias] : store_.buffers())
      for (int64_t e = 0; e < bias.numel(); ++e)
        bias.mutable_data_ptr<float>()[e] = 0.05f * static_cast<float>((e * 5) % 7 - 3);
  }
  static ModelConfig config_of(const Case& c) {
    ModelConfig config = small_config();
    config.mla_form = c.form;
    config.q_lora_rank = c.q_lora_rank;
    config.arch = c.arch;
    if (!config.latent_attention()) make_grouped(config);
    config.check("test");
    return config;
  }

  at::Tensor whole(const std::vector<int32_t>& tokens) {
    return decoder_.hidden(packed_input({tokens}));
  }

  // Rows of one sequence from `first` on, its keys in the slots of `slots`.
  at::Tensor cached(KvCache& cache, const std::vector<int32_t>& tokens, int64_t first,
                    int64_t count, const std::vector<int32_t>& slots) {
    const auto slice = [&](const std::vector<int32_t>& all) {
      return std::vector<int32_t>(all.begin() + first, all.begin() + first + count);
    };
    std::vector<int32_t> positions(tokens.size());
    std::iota(positions.begin(), positions.end(), 0);
    auto layout = std::make_shared<kernels::AttentionLayout>();
    layout->query_offsets = {0, count};
    layout->first_position = {first};
    layout->key_offsets = {0, first + count};
    layout->key_rows.assign(slots.begin(), slots.begin() + first + count);
    DecoderInput input;
    input.tokens = int_tensor(slice(tokens));
    input.positions = int_tensor(slice(positions));
    input.slots = int_tensor(slice(slots));
    input.layout = layout;
    input.cache = &cache;
    return decoder_.hidden(input);
  }

  ModelConfig config_;
  ParameterStore store_;
  Decoder decoder_;
};

// Slots of a sequence scattered over blocks of 4 in descending order.
std::vector<int32_t> scattered_slots(int64_t count, int64_t blocks) {
  std::vector<int32_t> slots;
  for (int64_t i = 0; i < count; ++i)
    slots.push_back(static_cast<int32_t>((blocks - 1 - i / 4) * 4 + i % 4));
  return slots;
}

TEST_P(DecoderExactness, CacheGivesTheBitsOfTraining) {
  const at::NoGradGuard no_grad;
  const std::vector<int32_t> tokens = some_tokens(43, 1);
  const at::Tensor expected = whole(tokens);
  for (const std::vector<int64_t>& chunks :
       {std::vector<int64_t>{43}, {16, 16, 11}, {1, 1, 40, 1}, {20, 1, 1, 1, 1, 1, 17, 1}}) {
    KvCache cache(config_, GetParam().dtype, 12, 4);
    const std::vector<int32_t> slots = scattered_slots(43, 12);
    int64_t first = 0;
    for (int64_t count : chunks) {
      const at::Tensor rows = cached(cache, tokens, first, count, slots);
      ASSERT_TRUE(at::equal(rows, expected.narrow(0, first, count))) << first << "+" << count;
      first += count;
    }
  }
}

TEST_P(DecoderExactness, CompanyAndThreadsChangeNothing) {
  const at::NoGradGuard no_grad;
  const std::vector<int32_t> a = some_tokens(19, 1), b = some_tokens(40, 2), c = some_tokens(3, 3);
  const int threads = num_threads();
  set_num_threads(1);
  const at::Tensor alone = whole(b);
  set_num_threads(2);
  EXPECT_TRUE(at::equal(alone, whole(b)));
  EXPECT_TRUE(at::equal(alone, decoder_.hidden(packed_input({a, b, c})).narrow(0, 19, 40)));
  set_num_threads(threads);
}

TEST_P(DecoderExactness, SharedPromptGivesTheBitsOfItsCopies) {
  const at::NoGradGuard no_grad;
  const std::vector<int32_t> prompt = some_tokens(21, 4);
  const std::vector<std::vector<int32_t>> completions = {some_tokens(9, 5), some_tokens(14, 6)};
  // Rows: the prompt once, then each completion, whose keys are the prompt's rows and its own.
  auto layout = std::make_shared<kernels::AttentionLayout>();
  std::vector<int32_t> tokens = prompt, positions(prompt.size());
  std::iota(positions.begin(), positions.end(), 0);
  const std::vector<int32_t> prompt_rows = positions;
  layout->query_offsets = {0, 21};
  layout->first_position = {0};
  layout->key_offsets = {0, 21};
  layout->key_rows = prompt_rows;
  for (const auto& completion : completions) {
    layout->key_rows.insert(layout->key_rows.end(), prompt_rows.begin(), prompt_rows.end());
    for (size_t i = 0; i < completion.size(); ++i) {
      layout->key_rows.push_back(static_cast<int32_t>(tokens.size()));
      tokens.push_back(completion[i]);
      positions.push_back(static_cast<int32_t>(21 + i));
    }
    layout->first_position.push_back(21);
    layout->query_offsets.push_back(static_cast<int64_t>(tokens.size()));
    layout->key_offsets.push_back(static_cast<int64_t>(layout->key_rows.size()));
  }
  layout->tree_offsets = {0, 3};
  DecoderInput input;
  input.tokens = int_tensor(tokens);
  input.positions = int_tensor(positions);
  input.layout = layout;
  const at::Tensor shared = decoder_.hidden(input);

  int64_t row = 21;
  for (const auto& completion : completions) {
    std::vector<int32_t> sequence = prompt;
    sequence.insert(sequence.end(), completion.begin(), completion.end());
    const auto count = static_cast<int64_t>(completion.size());
    const at::Tensor expected = whole(sequence);
    EXPECT_TRUE(at::equal(shared.narrow(0, row, count), expected.narrow(0, 21, count)));
    EXPECT_TRUE(at::equal(shared.narrow(0, 0, 21), expected.narrow(0, 0, 21)));
    row += count;
  }
}

TEST_P(DecoderExactness, GradientModeChangesNothing) {
  const std::vector<int32_t> tokens = some_tokens(30, 7);
  at::Tensor plain;
  {
    const at::NoGradGuard no_grad;
    plain = whole(tokens);
  }
  store_.enable_gradients(1);
  DecoderInput input = packed_input({tokens});
  input.shards = one_shard(30);
  const at::Tensor trained = decoder_.hidden(input);
  EXPECT_TRUE(trained.requires_grad());
  EXPECT_TRUE(at::equal(trained, plain));
}

TEST_P(DecoderExactness, LoadCountsTheChoicesOfMaskedRows) {
  const at::NoGradGuard no_grad;
  DecoderInput input = packed_input({some_tokens(20, 8)});
  input.load = at::zeros({config_.num_moe_layers(), 8}, at::kLong);
  input.load_mask = at::zeros({20}, at::kByte);
  for (int64_t i = 0; i < 13; ++i) input.load_mask.mutable_data_ptr<uint8_t>()[i] = 1;
  decoder_.hidden(input);
  for (int64_t layer = 0; layer < config_.num_moe_layers(); ++layer)
    EXPECT_EQ(input.load[layer].sum().item<int64_t>(), 13 * 3);
}

struct TrainingPass {
  at::Tensor grads, load;
  double balance_loss = 0;
};

TEST_P(DecoderExactness, RecomputedLayersGiveTheSameGradients) {
  const auto pass = [&](bool recompute) {
    store_.enable_gradients(2);
    DecoderInput input = packed_input({some_tokens(20, 8), some_tokens(13, 9)});
    input.shards = std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{0, 20, 33});
    input.recompute_layers = recompute;
    TrainingPass result;
    result.load = at::zeros({config_.num_moe_layers(), 8}, at::kLong);
    input.load = result.load;
    input.load_mask = at::ones({33}, at::kByte);
    const kernels::BalanceLoss balance = {
        .sequence_offsets = {0, 20, 33}, .coef = {0.1f, 0.2f}, .loss = &result.balance_loss};
    input.balance = &balance;
    const at::Tensor hidden = decoder_.hidden(input);
    torch::autograd::backward({hidden}, {at::ones_like(hidden)});
    result.grads = store_.grads();
    return result;
  };
  const TrainingPass kept = pass(false), recomputed = pass(true);
  EXPECT_GT(kept.grads.abs().max().item<float>(), 0.0f);
  EXPECT_TRUE(at::equal(kept.grads, recomputed.grads));
  EXPECT_TRUE(at::equal(kept.load, recomputed.load));
  EXPECT_EQ(kept.balance_loss > 0.0, config_.num_moe_layers() > 0);
  EXPECT_EQ(kept.balance_loss, recomputed.balance_loss);
}

TEST_P(DecoderExactness, SlotOutsideTheCacheIsRefused) {
  const at::NoGradGuard no_grad;
  KvCache cache(config_, GetParam().dtype, 2, 4);
  EXPECT_THROW(cached(cache, some_tokens(2, 9), 0, 2, {7, 8}), CheckError);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, DecoderExactness,
    testing::Values(Case{"fp32", at::kFloat, "expanded", 24},
                    Case{"bf16", at::kBFloat16, "expanded", 0},
                    Case{"absorbed_fp32", at::kFloat, "absorbed", 0},
                    Case{"absorbed_bf16", at::kBFloat16, "absorbed", 24},
                    Case{"llama", at::kFloat, "expanded", 0, "llama"},
                    Case{"qwen2_bf16", at::kBFloat16, "expanded", 0, "qwen2"},
                    Case{"qwen3_moe", at::kFloat, "expanded", 0, "qwen3_moe"},
                    Case{"qwen3_moe_bf16", at::kBFloat16, "expanded", 0, "qwen3_moe"},
                    Case{"gemma3", at::kFloat, "expanded", 0, "gemma3_text"},
                    Case{"gemma3_bf16", at::kBFloat16, "expanded", 0, "gemma3_text"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(KvCache, BytesPerSlot) {
  ModelConfig config = small_config();
  EXPECT_EQ(KvCache::bytes_per_slot(config, at::kFloat), 3 * 3 * (16 + 12) * 4);
  EXPECT_EQ(KvCache::bytes_per_slot(config, at::kBFloat16), 3 * 3 * (16 + 12) * 2);
  config.mla_form = "absorbed";
  EXPECT_EQ(KvCache::bytes_per_slot(config, at::kBFloat16), 3 * (16 + 8) * 2);
  const KvCache cache(config, at::kBFloat16, 5, 4);
  EXPECT_EQ(cache.k[0].sizes(), at::IntArrayRef({20, 1, 24}));
  EXPECT_EQ(cache.v[0].data_ptr(), cache.k[0].data_ptr());
}

}  // namespace
}  // namespace cohort
