#include "model/hf_config/hf_config.h"

namespace cohort {
namespace {

using nlohmann::json;

// transformers 5 has rope by kind of layer; before, rope_theta, rope_scaling and
// rope_local_base_freq.
void read_gemma_rope(const KeyReader& r, ModelConfig& c) {
  c.rope_theta = 1e6;
  c.rope_local_theta = 1e4;
  r.read("rope_local_base_freq", c.rope_local_theta, 1.0);
  if (!r.has("rope_parameters")) return read_rope(r, c);
  r.read("rope_theta", c.rope_theta, 1.0);
  const std::string place = r.place() + ": rope_parameters";
  const KeyReader kinds(r.at("rope_parameters"), place);
  if (kinds.has(kFullAttention))
    read_rope_object(kinds.at(kFullAttention), place + ": " + kFullAttention, c);
  if (kinds.has(kSlidingAttention)) {
    const KeyReader local(kinds.at(kSlidingAttention), place + ": " + kSlidingAttention);
    local.only("rope_type", "default");
    local.only("partial_rotary_factor", 1.0);
    local.read("rope_theta", c.rope_local_theta, 1.0);
    local.refuse_unknown();
  }
  kinds.refuse_unknown();
  const auto agrees = [&](const char* key, double theta) {
    if (r.has(key) && r.at(key) != theta)
      r.fail(key, fmt::format("{}, as rope_parameters says", theta));
  };
  agrees("rope_theta", c.rope_theta);
  agrees("rope_local_base_freq", c.rope_local_theta);
}

}  // namespace

void read_gemma3_keys(const KeyReader& r, ModelConfig& c) {
  r.only("hidden_activation", "gelu_pytorch_tanh");
  r.only("hidden_act", "gelu_pytorch_tanh");
  r.only("attention_bias", false);
  r.only("use_bidirectional_attention", false);
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"})
    if (r.has(key)) r.fail(key, "null (supported)");
  r.require("num_key_value_heads", c.num_key_value_heads, int64_t{1});
  c.head_dim = 256;
  r.read("head_dim", c.head_dim, 1);
  c.query_pre_attn_scalar = 256;
  r.read("query_pre_attn_scalar", c.query_pre_attn_scalar, 0.0);
  c.sliding_window = r.absent("sliding_window") ? 4096 : 0;
  r.read("sliding_window", c.sliding_window, 1);
  int64_t pattern = 6;
  r.read("sliding_window_pattern", pattern, 1);
  c.layer_types = read_layer_types(r);
  if (c.layer_types.empty()) c.layer_types = periodic_layer_types(c.num_hidden_layers, pattern);
  c.first_k_dense_replace = c.num_hidden_layers;
  read_gemma_rope(r, c);
}

void write_gemma3_keys(const ModelConfig& c, json& j) {
  j["hidden_activation"] = "gelu_pytorch_tanh";
  j["head_dim"] = c.query_dim();
  j["query_pre_attn_scalar"] =
      c.query_pre_attn_scalar > 0 ? c.query_pre_attn_scalar : static_cast<double>(c.query_dim());
  j["sliding_window"] = c.sliding_window > 0 ? json(c.sliding_window) : json();
  j["layer_types"] =
      c.layer_types.empty()
          ? std::vector<std::string>(static_cast<size_t>(c.num_hidden_layers), kFullAttention)
          : c.layer_types;
  j["rope_local_base_freq"] = c.rope_local_theta;
  j["attn_logit_softcapping"] = nullptr;
  j["final_logit_softcapping"] = nullptr;
}

}  // namespace cohort
