#include "model/hf_config/hf_config.h"

namespace cohort {

using nlohmann::json;

void read_deepseek_keys(const KeyReader& r, ModelConfig& c) {
  r.only("attention_bias", false);
  r.only("hidden_act", "silu");
  r.only("moe_layer_freq", 1);
  if (r.has("num_key_value_heads") && r.at("num_key_value_heads") != r.at("num_attention_heads"))
    r.fail("num_key_value_heads", "the value of num_attention_heads");
  for (const char* width : {"head_dim", "qk_head_dim"}) r.has(width);  // follow from other keys

  const auto dimension = [&](const char* key, int64_t& value) {
    r.require(key, value, int64_t{1});
  };
  dimension("kv_lora_rank", c.kv_lora_rank);
  dimension("qk_nope_head_dim", c.qk_nope_head_dim);
  dimension("qk_rope_head_dim", c.qk_rope_head_dim);
  dimension("v_head_dim", c.v_head_dim);
  dimension("moe_intermediate_size", c.moe_intermediate_size);
  dimension("n_routed_experts", c.n_routed_experts);
  dimension("n_shared_experts", c.n_shared_experts);
  dimension("num_experts_per_tok", c.num_experts_per_tok);
  // Absent, these have transformers' defaults; a rank that is null is none.
  const bool v3 = c.arch == "deepseek_v3";
  c.first_k_dense_replace = v3 ? 3 : 0;
  r.read("first_k_dense_replace", c.first_k_dense_replace, 0);
  c.routed_scaling_factor = v3 ? 2.5 : 1.0;
  r.read("routed_scaling_factor", c.routed_scaling_factor, 0.0);
  c.q_lora_rank = r.absent("q_lora_rank") ? 1536 : 0;
  r.read("q_lora_rank", c.q_lora_rank, 1);
  read_rope(r, c);

  if (v3) {
    r.read("rope_interleave", c.rope_interleave);
    r.only("scoring_func", "sigmoid");
    r.only("topk_method", "noaux_tc");
    dimension("n_group", c.n_group);
    dimension("topk_group", c.topk_group);
    r.read("norm_topk_prob", c.norm_topk_prob);
    r.read("num_mtp_layers", c.num_nextn_predict_layers, 0);
    r.read("num_nextn_predict_layers", c.num_nextn_predict_layers, 0);
    if (c.num_nextn_predict_layers > 1) r.fail("num_nextn_predict_layers", "0 or 1 (supported)");
    return;
  }
  // DeepSeek-V2: softmax scores, their largest ranks a group, no selection bias, no normalisation.
  r.only("scoring_func", "softmax");
  r.only("rope_interleave", true);
  r.only("num_nextn_predict_layers", 0);
  c.norm_topk_prob = false;
  r.only("norm_topk_prob", false);
  std::string method = "greedy";
  r.read("topk_method", method);
  if (method != "greedy" && method != "group_limited_greedy")
    r.fail("topk_method", "greedy or group_limited_greedy (supported)");
  int64_t groups = 1, kept = 1;
  r.read("n_group", groups, 1);
  r.read("topk_group", kept, 1);
  if (method == "group_limited_greedy") {
    c.n_group = groups;
    c.topk_group = kept;
  }
}

void write_deepseek_keys(const ModelConfig& c, json& j) {
  const bool v3 = c.arch == "deepseek_v3";
  j["hidden_act"] = "silu";
  j["moe_intermediate_size"] = c.moe_intermediate_size;
  j["n_shared_experts"] = c.n_shared_experts;
  j["n_routed_experts"] = c.n_routed_experts;
  j["num_experts_per_tok"] = c.num_experts_per_tok;
  j["n_group"] = c.n_group;
  j["topk_group"] = c.topk_group;
  j["norm_topk_prob"] = c.norm_topk_prob;
  j["routed_scaling_factor"] = c.routed_scaling_factor;
  j["first_k_dense_replace"] = c.first_k_dense_replace;
  j["moe_layer_freq"] = 1;
  j["scoring_func"] = v3 ? "sigmoid" : "softmax";
  j["topk_method"] = v3 ? "noaux_tc" : c.n_group > 1 ? "group_limited_greedy" : "greedy";
  j["q_lora_rank"] = c.q_lora_rank > 0 ? json(c.q_lora_rank) : json();
  j["kv_lora_rank"] = c.kv_lora_rank;
  j["qk_nope_head_dim"] = c.qk_nope_head_dim;
  j["qk_rope_head_dim"] = c.qk_rope_head_dim;
  j["v_head_dim"] = c.v_head_dim;
  if (v3) {
    j["num_nextn_predict_layers"] = c.num_nextn_predict_layers;
    j["rope_interleave"] = c.rope_interleave;
  }
}

}  // namespace cohort
