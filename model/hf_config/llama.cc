#include <algorithm>

#include "model/hf_config/hf_config.h"

namespace cohort {
namespace {

using nlohmann::json;

// Qwen: layer_types, or the layers from max_window_layers on where use_sliding_window is set.
// Defaults are transformers'; a window that is null is none.
void read_qwen_window(const KeyReader& r, ModelConfig& c) {
  bool sliding = false;
  int64_t window = r.absent("sliding_window") ? 4096 : 0, first = 28;
  r.read("use_sliding_window", sliding);
  r.read("sliding_window", window, 1);
  r.read("max_window_layers", first, 0);
  std::vector<std::string> types = read_layer_types(r);
  if (!sliding || window == 0) {
    // transformers writes its layer_types in any case; without a window they are all full.
    if (std::ranges::count(types, kSlidingAttention) > 0)
      r.fail("layer_types", "full_attention alone, as there is no window in use");
    return;
  }
  c.sliding_window = window;
  if (types.empty())
    for (int64_t i = 0; i < c.num_hidden_layers; ++i)
      types.push_back(i < first ? kFullAttention : kSlidingAttention);
  c.layer_types = types;
}

// Absent, Qwen's are those of the model that transformers' defaults describe; null follows from the
// other keys.
void read_heads(const KeyReader& r, ModelConfig& c) {
  if (c.arch != "llama" && r.absent("num_key_value_heads"))
    c.num_key_value_heads = c.arch == "qwen3_moe" ? 4 : 32;
  if (c.arch == "qwen3" && r.absent("head_dim")) c.head_dim = 128;
  r.read("num_key_value_heads", c.num_key_value_heads, 1);
  r.read("head_dim", c.head_dim, 1);
}

void read_qwen3_experts(const KeyReader& r, ModelConfig& c) {
  r.require("moe_intermediate_size", c.moe_intermediate_size, int64_t{1});
  r.require("num_experts_per_tok", c.num_experts_per_tok, int64_t{1});
  // Two names of one number.
  const char* count = r.has("num_local_experts") ? "num_local_experts" : "num_experts";
  r.require(count, c.n_routed_experts, int64_t{1});
  r.only("num_experts", c.n_routed_experts);
  c.norm_topk_prob = false;
  r.read("norm_topk_prob", c.norm_topk_prob);
  r.only("decoder_sparse_step", 1);
  c.n_shared_experts = 0;
  c.first_k_dense_replace = 0;
  if (!r.has("mlp_only_layers")) return;
  if (!r.at("mlp_only_layers").is_array()) r.fail("mlp_only_layers", "a list of layers");
  // Dense layers, if any, come first.
  for (const json& layer : r.at("mlp_only_layers"))
    if (layer != c.first_k_dense_replace++)
      r.fail("mlp_only_layers", "the first layers in order, or none (supported)");
}

}  // namespace

void read_llama_keys(const KeyReader& r, ModelConfig& c) {
  r.only("hidden_act", "silu");
  read_heads(r, c);
  if (c.arch == "qwen2") {
    r.only("attention_bias", true);
  } else {
    r.read("attention_bias", c.attention_bias);
  }
  read_rope(r, c);
  if (c.arch != "llama") read_qwen_window(r, c);
  c.first_k_dense_replace = c.num_hidden_layers;
  if (c.arch == "qwen3_moe") {
    read_qwen3_experts(r, c);
    if (c.sliding_window > 0) r.fail("use_sliding_window", "false (supported)");
  }
}

void write_llama_keys(const ModelConfig& c, json& j) {
  j["hidden_act"] = "silu";
  if (c.arch == "qwen2") j.erase("attention_bias");
  if (c.arch != "qwen2" || c.head_dim > 0) j["head_dim"] = c.query_dim();
  if (c.arch == "llama") j["mlp_bias"] = false;
  if (c.arch != "llama") {
    const int64_t full = std::ranges::count(c.layer_types, kFullAttention);
    j["use_sliding_window"] = c.sliding_window > 0;
    j["sliding_window"] = c.sliding_window > 0 ? json(c.sliding_window) : json();
    j["max_window_layers"] = c.layer_types.empty() ? c.num_hidden_layers : full;
    if (!c.layer_types.empty()) j["layer_types"] = c.layer_types;
  }
  if (c.arch == "qwen3_moe") {
    j["moe_intermediate_size"] = c.moe_intermediate_size;
    j["num_experts"] = c.n_routed_experts;
    j["num_experts_per_tok"] = c.num_experts_per_tok;
    j["norm_topk_prob"] = c.norm_topk_prob;
    j["decoder_sparse_step"] = 1;
    json dense = json::array();
    for (int64_t i = 0; i < c.first_k_dense_replace; ++i) dense.push_back(i);
    j["mlp_only_layers"] = dense;
  }
}

}  // namespace cohort
