// What config.json leaves out, says twice or says wrongly. Defaults are those of transformers
// 5.23's configuration classes.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "model/model_config.h"

namespace cohort {
namespace {

using nlohmann::json;

json dense(const char* arch) {
  return {{"model_type", arch},      {"vocab_size", 64},        {"hidden_size", 64},
          {"intermediate_size", 96}, {"num_hidden_layers", 30}, {"num_attention_heads", 4},
          {"num_key_value_heads", 2}};
}

json deepseek(const char* arch) {
  json config = dense(arch);
  config.update({{"num_key_value_heads", 4},
                 {"kv_lora_rank", 16},
                 {"q_lora_rank", 8},
                 {"qk_nope_head_dim", 8},
                 {"qk_rope_head_dim", 8},
                 {"v_head_dim", 8},
                 {"moe_intermediate_size", 16},
                 {"n_routed_experts", 8},
                 {"n_shared_experts", 1},
                 {"num_experts_per_tok", 2},
                 {"n_group", 2},
                 {"topk_group", 1}});
  return config;
}

json moe() {
  json config = dense("qwen3_moe");
  config.update({{"moe_intermediate_size", 16}, {"num_experts", 8}, {"num_experts_per_tok", 2}});
  return config;
}

ModelConfig read(json config, const json& change = json::object()) {
  config.update(change);
  return ModelConfig::from_hf(config, "c");
}
ModelConfig without(json config, const char* key) {
  config.erase(key);
  return ModelConfig::from_hf(config, "c");
}
std::string refusal(const json& config, const json& change) {
  try {
    read(config, change);
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}
void expect_refused(const json& config, const json& change, const std::string& part) {
  const std::string error = refusal(config, change);
  EXPECT_NE(error.find(part), std::string::npos) << error << "\nexpected " << part;
}

TEST(HfKeys, LeftOutHeadsAreTransformersDefaultsAndNullFollows) {
  EXPECT_EQ(without(dense("llama"), "num_key_value_heads").kv_heads(), 4);
  const auto qwen = [](const char* arch) {
    json config = arch == std::string("qwen3_moe") ? moe() : dense(arch);
    config.update({{"num_attention_heads", 64}, {"hidden_size", 128}});
    return config;
  };
  EXPECT_EQ(without(qwen("qwen2"), "num_key_value_heads").kv_heads(), 32);
  EXPECT_EQ(without(qwen("qwen3"), "num_key_value_heads").kv_heads(), 32);
  EXPECT_EQ(read(qwen("qwen3"), {{"num_key_value_heads", nullptr}}).kv_heads(), 64);
  EXPECT_EQ(read(dense("qwen2")).query_dim(), 16);
  EXPECT_EQ(read(dense("qwen3")).query_dim(), 128);
  EXPECT_EQ(read(moe()).query_dim(), 16);
  EXPECT_EQ(read(dense("gemma3_text")).query_dim(), 256);
}

TEST(HfKeys, LeftOutKeysOfDeepSeekAreTransformersDefaults) {
  const ModelConfig v3 = read(deepseek("deepseek_v3")), v2 = read(deepseek("deepseek_v2"));
  EXPECT_EQ(v3.first_k_dense_replace, 3);
  EXPECT_EQ(v2.first_k_dense_replace, 0);
  EXPECT_EQ(v3.routed_scaling_factor, 2.5);
  EXPECT_EQ(v2.routed_scaling_factor, 1.0);
  EXPECT_TRUE(v3.norm_topk_prob);
  EXPECT_FALSE(v2.norm_topk_prob);
  EXPECT_EQ(v2.n_group, 1);  // of the greedy method
  EXPECT_EQ(without(deepseek("deepseek_v3"), "q_lora_rank").q_lora_rank, 1536);
  EXPECT_EQ(read(deepseek("deepseek_v3"), {{"q_lora_rank", nullptr}}).q_lora_rank, 0);
  EXPECT_FALSE(read(deepseek("deepseek_v3"), {{"rope_interleave", false}}).rope_interleave);
  expect_refused(deepseek("deepseek_v2"), {{"rope_interleave", false}}, "rope_interleave is false");
}

TEST(HfKeys, WindowOfQwen) {
  const auto sliding = [](const json& change) {
    const ModelConfig c = read(dense("qwen2"), change);
    int64_t count = 0;
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) count += c.sliding(i);
    return std::pair(c.sliding(29) ? c.sliding_window : 0, count);
  };
  using Window = std::pair<int64_t, int64_t>;
  EXPECT_EQ(sliding({{"sliding_window", 8}, {"max_window_layers", 3}}), Window(0, 0));
  EXPECT_EQ(sliding({{"use_sliding_window", true}}), Window(4096, 2));
  EXPECT_EQ(sliding({{"use_sliding_window", true}, {"sliding_window", 8}}), Window(8, 2));
  EXPECT_EQ(sliding({{"use_sliding_window", true}, {"max_window_layers", 3}}), Window(4096, 27));
  EXPECT_EQ(sliding({{"use_sliding_window", true}, {"sliding_window", nullptr}}), Window(0, 0));
  expect_refused(dense("qwen3"), {{"layer_types", std::vector(30, kSlidingAttention)}},
                 "no window in use");
  expect_refused(dense("qwen3"),
                 {{"use_sliding_window", true}, {"layer_types", std::vector(29, kFullAttention)}},
                 "layer_types has 29 entries for 30 layers");
  expect_refused(moe(), {{"use_sliding_window", true}}, "use_sliding_window");
  expect_refused(dense("llama"), {{"layer_types", std::vector(30, kSlidingAttention)}},
                 "unknown key layer_types");
}

TEST(HfKeys, LayersOfGemma) {
  const ModelConfig c = read(dense("gemma3_text"));
  EXPECT_TRUE(c.tie_word_embeddings);
  EXPECT_EQ(c.sliding_window, 4096);
  EXPECT_EQ(c.layer_types, periodic_layer_types(30, 6));
  EXPECT_TRUE(c.sliding(4));
  EXPECT_FALSE(c.sliding(5));
  EXPECT_EQ(read(dense("gemma3_text"), {{"sliding_window_pattern", 3}}).layer_types,
            periodic_layer_types(30, 3));
  // Written beside layer_types, and read by nobody.
  EXPECT_EQ(read(dense("gemma3_text"), {{"_sliding_window_pattern", 3}}).layer_types,
            periodic_layer_types(30, 6));
  expect_refused(dense("gemma3_text"), {{"sliding_window", nullptr}}, "sliding_window is missing");
  expect_refused(dense("gemma3_text"), {{"attn_logit_softcapping", 50.0}},
                 "attn_logit_softcapping");
  expect_refused(dense("gemma3_text"), {{"final_logit_softcapping", 30.0}},
                 "final_logit_softcapping");
  expect_refused(dense("gemma3_text"), {{"use_bidirectional_attention", true}},
                 "use_bidirectional_attention");
}

TEST(HfKeys, RopeThatContradictsItselfIsRefused) {
  const json linear = {{"rope_type", "linear"}, {"factor", 4.0}};
  const json plain = {{"rope_type", "default"}, {"rope_theta", 5000.0}};
  EXPECT_EQ(
      read(dense("llama"), {{"rope_scaling", linear}, {"rope_parameters", linear}}).scaling.factor,
      4);
  EXPECT_EQ(read(dense("llama"), {{"rope_theta", 5000}, {"rope_parameters", plain}}).rope_theta,
            5000);
  expect_refused(dense("llama"), {{"rope_scaling", linear}, {"rope_parameters", plain}},
                 "rope_parameters");
  expect_refused(dense("llama"), {{"rope_theta", 7000.0}, {"rope_parameters", plain}},
                 "rope_theta is 7000.0, expected 5000");
  expect_refused(dense("llama"), {{"rope_scaling", {{"rope_type", "default"}, {"factor", 8.0}}}},
                 "rope_scaling: unknown key factor");
  expect_refused(dense("llama"), {{"rope_scaling", "linear"}}, "rope_scaling");
  expect_refused(dense("llama"), {{"partial_rotary_factor", 0.5}}, "partial_rotary_factor");
}

TEST(HfKeys, RopeOfGemmaIsByKindOfLayer) {
  const auto by_kind = [](const json& kinds, const json& more = json::object()) {
    json change = {{"rope_parameters", kinds}};
    change.update(more);
    return change;
  };
  const json local = {{"rope_type", "default"}, {"rope_theta", 2e4}};
  const ModelConfig c = read(dense("gemma3_text"), by_kind({{"sliding_attention", local}}));
  EXPECT_EQ(c.rope().theta, 1e6);
  EXPECT_EQ(c.local_rope().theta, 2e4);
  const json gemma = dense("gemma3_text");
  // transformers reads none of it, and takes its defaults.
  expect_refused(gemma, by_kind(local), "rope_parameters: unknown key rope_t");
  expect_refused(gemma, by_kind({{"sliding_attention", {{"rope_type", "linear"}}}}),
                 "sliding_attention: rope_type");
  expect_refused(gemma, by_kind({{"sliding_attention", {{"factor", 8.0}}}}),
                 "sliding_attention: unknown key factor");
  expect_refused(gemma, by_kind({{"sliding_attention", local}}, {{"rope_local_base_freq", 1e4}}),
                 "rope_local_base_freq is 10000.0, expected 20000");
  expect_refused(gemma, by_kind({{"full_attention", local}}, {{"rope_theta", 1e6}}),
                 "rope_theta is 1000000.0, expected 20000");
  expect_refused(gemma, by_kind("default"), "rope_parameters");
}

TEST(HfKeys, ExpertsOfQwen3) {
  const ModelConfig c = read(moe());
  EXPECT_FALSE(c.norm_topk_prob);
  EXPECT_EQ(c.first_k_dense_replace, 0);
  EXPECT_EQ(read(moe(), {{"mlp_only_layers", {0, 1}}}).first_k_dense_replace, 2);
  EXPECT_EQ(read(moe(), {{"num_local_experts", 8}}).n_routed_experts, 8);
  expect_refused(moe(), {{"num_local_experts", 16}}, "num_experts is 8, expected only 16");
  expect_refused(moe(), {{"mlp_only_layers", {1}}}, "mlp_only_layers");
  expect_refused(moe(), {{"mlp_only_layers", 0}}, "mlp_only_layers is 0, expected a list");
  expect_refused(moe(), {{"mlp_only_layers", {{"a", 0}}}}, "mlp_only_layers");
  expect_refused(moe(), {{"decoder_sparse_step", 2}}, "decoder_sparse_step");
}

TEST(HfKeys, TokenIds) {
  EXPECT_EQ(read(dense("llama"), {{"eos_token_id", {3, 5, 7}}}).eos_token_id, 3);
  EXPECT_EQ(read(dense("llama"), {{"pad_token_id", -1}}).pad_token_id, -1);
  EXPECT_EQ(read(dense("llama"), {{"bos_token_id", nullptr}}).bos_token_id, -1);
  for (const json& ids : {json("</s>"), json(1.5), json(-2), json::array(), json({3, "a"}),
                          json(uint64_t{1} << 63), json({{"id", 3}})})
    expect_refused(dense("llama"), {{"eos_token_id", ids}}, "eos_token_id is " + ids.dump());
  expect_refused(dense("llama"), {{"eos_token_id", {64, 5}}}, "eos_token_id is 64");
}

TEST(HfKeys, NumbersThatNoModelHasAreRefused) {
  expect_refused(dense("gemma3_text"), {{"num_hidden_layers", 20000}},
                 "num_hidden_layers is 20000, expected 10000 or fewer");
  expect_refused(moe(), {{"num_experts", 2000000}}, "n_routed_experts is 2000000 in each of 30");
  expect_refused(dense("llama"), {{"hidden_size", uint64_t{1} << 63}},
                 "hidden_size is 9223372036854775808, expected an integer, 2147483647 or less");
  const ModelConfig wide =
      read(dense("llama"), {{"hidden_size", 2000000000}, {"vocab_size", 2000000000}});
  EXPECT_THROW(wide.num_parameters(), InputError);
  expect_refused(dense("gemma3_text"), {{"num_hidden_layers", int64_t{1} << 60}},
                 "num_hidden_layers");
}

}  // namespace
}  // namespace cohort
