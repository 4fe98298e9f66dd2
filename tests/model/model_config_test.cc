#include "model/model_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "model/parameter_layout.h"

namespace cohort {
namespace {

using nlohmann::json;

// config.json of DeepSeek-R1, without its FP8 quantization.
json r1_config() {
  return {{"architectures", {"DeepseekV3ForCausalLM"}},
          {"model_type", "deepseek_v3"},
          {"vocab_size", 129280},
          {"hidden_size", 7168},
          {"num_hidden_layers", 61},
          {"first_k_dense_replace", 3},
          {"moe_layer_freq", 1},
          {"num_nextn_predict_layers", 1},
          {"num_attention_heads", 128},
          {"num_key_value_heads", 128},
          {"q_lora_rank", 1536},
          {"kv_lora_rank", 512},
          {"qk_nope_head_dim", 128},
          {"qk_rope_head_dim", 64},
          {"v_head_dim", 128},
          {"attention_bias", false},
          {"attention_dropout", 0.0},
          {"intermediate_size", 18432},
          {"moe_intermediate_size", 2048},
          {"n_routed_experts", 256},
          {"n_shared_experts", 1},
          {"num_experts_per_tok", 8},
          {"n_group", 8},
          {"topk_group", 4},
          {"scoring_func", "sigmoid"},
          {"topk_method", "noaux_tc"},
          {"norm_topk_prob", true},
          {"routed_scaling_factor", 2.5},
          {"aux_loss_alpha", 0.001},
          {"seq_aux", true},
          {"hidden_act", "silu"},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", 10000},
          {"max_position_embeddings", 163840},
          {"rope_scaling",
           {{"type", "yarn"},
            {"factor", 40},
            {"original_max_position_embeddings", 4096},
            {"beta_fast", 32},
            {"beta_slow", 1},
            {"mscale", 1.0},
            {"mscale_all_dim", 1.0}}},
          {"tie_word_embeddings", false},
          {"bos_token_id", 0},
          {"eos_token_id", 1},
          {"torch_dtype", "bfloat16"},
          {"initializer_range", 0.02},
          {"ep_size", 1},
          {"pretraining_tp", 1}};
}

std::string refusal(const std::function<void(json&)>& change) {
  json config = r1_config();
  change(config);
  try {
    ModelConfig::from_hf(config, "m/config.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(ModelConfig, R1HasItsPublishedNumberOfParameters) {
  ModelConfig c = ModelConfig::from_hf(r1_config(), "config.json");
  const int64_t mtp = 11'610'068'224;
  EXPECT_EQ(c.num_parameters(), 671'026'419'200 + mtp);
  c.num_nextn_predict_layers = 0;
  EXPECT_EQ(c.num_parameters(), 671'026'419'200);
}

TEST(ModelConfig, LayoutHoldsEveryParameterOfR1WithoutGaps) {
  const ModelConfig c = ModelConfig::from_hf(r1_config(), "config.json");
  const ParameterLayout layout = make_parameter_layout(c);
  int64_t offset = 0;
  for (const TensorEntry& t : layout.tensors) {
    EXPECT_EQ(t.offset, offset) << t.name;
    offset += t.numel;
  }
  EXPECT_EQ(offset, layout.numel);
  const auto routers = static_cast<int64_t>(layout.router_biases.size());
  EXPECT_EQ(routers, 58 + 1);
  EXPECT_EQ(layout.numel + routers * c.n_routed_experts, c.num_parameters());
}

TEST(ModelConfig, SoftmaxScaleOfR1) {
  const ModelConfig c = ModelConfig::from_hf(r1_config(), "config.json");
  EXPECT_NEAR(c.softmax_scale(), 0.1352337789, 1e-10);
  EXPECT_EQ(c.rope().rotary, 64);
  EXPECT_EQ(c.rope().theta, 10000);
  EXPECT_EQ(c.rope().factor, 40);
}

TEST(ModelConfig, ReadsBothSpellingsOfRope) {
  json config = r1_config();
  json rope = config["rope_scaling"];
  config.erase("rope_scaling");
  config.erase("rope_theta");
  rope.erase("type");
  rope["rope_type"] = "yarn";
  rope["rope_theta"] = 5000.0;
  config["rope_parameters"] = rope;
  const ModelConfig c = ModelConfig::from_hf(config, "config.json");
  EXPECT_EQ(c.rope_theta, 5000);
  EXPECT_EQ(c.scaling.factor, 40);
  EXPECT_EQ(c.scaling.original_max_position, 4096);

  config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 100.0}};
  const ModelConfig plain = ModelConfig::from_hf(config, "config.json");
  EXPECT_EQ(plain.rope_theta, 100);
  EXPECT_EQ(plain.scaling.factor, 1);
}

TEST(ModelConfig, NullQueryRankMeansNone) {
  json config = r1_config();
  config["q_lora_rank"] = nullptr;
  EXPECT_EQ(ModelConfig::from_hf(config, "config.json").q_lora_rank, 0);
}

TEST(ModelConfig, WritesWhatItReads) {
  ModelConfig c = ModelConfig::from_hf(r1_config(), "config.json");
  c.mla_form = "expanded";
  const json written = c.to_hf("bfloat16");
  const json original = r1_config();
  for (const auto& [key, value] : original.items()) {
    if (key == "aux_loss_alpha" || key == "seq_aux" || key == "ep_size" || key == "pretraining_tp")
      continue;  // of training, or of no meaning
    if (key != "rope_scaling") {
      EXPECT_EQ(written.at(key), value) << key;
      continue;
    }
    for (const auto& [rope_key, rope_value] : value.items())
      EXPECT_EQ(written[key].at(rope_key), rope_value) << rope_key;
  }
  EXPECT_EQ(ModelConfig::from_hf(written, "config.json").to_hf("bfloat16"), written);
}

TEST(ModelConfig, UnsupportedMathematicsIsNamed) {
  const auto expect_named = [](const char* named, const std::function<void(json&)>& change) {
    const std::string error = refusal(change);
    EXPECT_EQ(error.find("m/config.json"), 0u) << error;
    EXPECT_NE(error.find(named), std::string::npos) << error;
  };
  const auto set = [](const char* key, json value) {
    return [=](json& config) { config[key] = value; };
  };
  const auto set_rope = [](const char* key, json value) {
    return [=](json& config) { config["rope_scaling"][key] = value; };
  };
  expect_named("attention_bias is true", set("attention_bias", true));
  expect_named("attention_dropout", set("attention_dropout", 0.1));
  expect_named("hidden_act is \"gelu\"", set("hidden_act", "gelu"));
  expect_named("scoring_func is \"softmax\"", set("scoring_func", "softmax"));
  expect_named("topk_method", set("topk_method", "greedy"));
  expect_named("moe_layer_freq is 2", set("moe_layer_freq", 2));
  expect_named("quantization_config", set("quantization_config", {{"quant_method", "fp8"}}));
  expect_named("architectures", set("architectures", {"LlamaForCausalLM"}));
  expect_named("model_type", set("model_type", "deepseek_v4"));
  expect_named("architectures", set("model_type", "deepseek_v2"));
  expect_named("unknown key alibi is true", set("alibi", true));
  expect_named("num_key_value_heads", set("num_key_value_heads", 8));
  expect_named("num_nextn_predict_layers", set("num_nextn_predict_layers", 2));
  expect_named("rope_scaling: type is \"dynamic\"", set_rope("type", "dynamic"));
  expect_named("unknown key beta_fast", set_rope("type", "linear"));
  expect_named("rope_type", set_rope("rope_type", "longrope"));
  expect_named("low_freq_factor is missing", set_rope("rope_type", "llama3"));
  expect_named("mscale_all_dim", set_rope("mscale", nullptr));
  expect_named("attention_factor", set_rope("attention_factor", 1.0));
  expect_named("truncate", set_rope("truncate", false));
}

TEST(ModelConfig, MissingOrWrongValuesAreNamed) {
  EXPECT_EQ(refusal([](json& c) { c.erase("kv_lora_rank"); }),
            "m/config.json: kv_lora_rank is missing");
  EXPECT_EQ(refusal([](json& c) { c["hidden_size"] = "wide"; }),
            "m/config.json: hidden_size is \"wide\", expected an integer, 1 or more");
  EXPECT_EQ(refusal([](json& c) { c["n_group"] = 7; }),
            "m/config.json: n_group is 7, which does not divide n_routed_experts 256");
  EXPECT_EQ(refusal([](json& c) { c["topk_group"] = 9; }),
            "m/config.json: topk_group is 9, more than n_group 8");
  EXPECT_EQ(refusal([](json& c) { c["eos_token_id"] = 129280; }),
            "m/config.json: eos_token_id is 129280, not below vocab_size 129280");
}

constexpr const char* kYaml = R"(
hidden_size: 64
n_routed_experts: 8
n_group: 4
topk_group: 2
num_experts_per_tok: 2
rope_theta: 100
rope_scaling: {factor: 4, original_max_position_embeddings: 64, mscale_all_dim: 1}
mla_form: absorbed
)";

ModelConfig read_yaml(const std::string& text) {
  ModelConfig c;
  read_config_text(text, "c.yaml", {}, [&](Fields& f) { c.describe(f); });
  return c;
}

TEST(ModelConfig, ReadsYaml) {
  const ModelConfig c = read_yaml(kYaml);
  EXPECT_EQ(c.hidden_size, 64);
  EXPECT_EQ(c.scaling.factor, 4);
  EXPECT_EQ(c.scaling.original_max_position, 64);
  EXPECT_EQ(c.scaling.beta_fast, 32);
  EXPECT_EQ(c.mla_form, "absorbed");
}

TEST(ModelConfig, PrintedYamlReadsBack) {
  ModelConfig c = read_yaml(kYaml);
  const std::string printed = print_config([&](Fields& f) { c.describe(f); }, true);
  EXPECT_EQ(read_yaml(printed).to_hf("float32"), c.to_hf("float32"));
  ModelConfig plain;
  const std::string without = print_config([&](Fields& f) { plain.describe(f); }, false);
  EXPECT_EQ(without.find("rope_scaling"), std::string::npos) << without;
}

TEST(ModelConfig, YamlRulesNameTheKey) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      read_yaml(text);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "(accepted)";
  };
  EXPECT_NE(error("n_group: 3").find("c.yaml:1:"), std::string::npos) << error("n_group: 3");
  EXPECT_NE(error("n_group: 3").find("does not divide n_routed_experts 8"), std::string::npos);
  EXPECT_NE(error("qk_rope_head_dim: 5").find("qk_rope_head_dim"), std::string::npos);
  EXPECT_NE(error("first_k_dense_replace: 9").find("num_hidden_layers"), std::string::npos);
  EXPECT_NE(error("mla_form: latent").find("expanded"), std::string::npos);
  EXPECT_NE(error("n_groups: 3").find("n_group"), std::string::npos);
}

}  // namespace
}  // namespace cohort
