// The shape of a model: from YAML (random weights) or a Hugging Face config.json. A key of
// config.json that would change the mathematics and is not supported is an InputError that names
// it.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "kernels/rope/rope.h"
#include "kernels/router/router.h"
#include "kernels/swiglu/swiglu.h"

namespace cohort {

// Values of ModelConfig::layer_types.
inline constexpr const char* kFullAttention = "full_attention";
inline constexpr const char* kSlidingAttention = "sliding_attention";
// Gemma's: of every `period` layers the last is full.
std::vector<std::string> periodic_layer_types(int64_t num_layers, int64_t period);

// Names of ModelConfig::hf_files.
inline constexpr const char* kHfConfig = "config.json";
inline constexpr const char* kHfGenerationConfig = "generation_config.json";

// One decoder for every family; `arch` is Hugging Face's model_type. DeepSeek's names for what it
// has, Hugging Face's for the rest. A dense model is one with first_k_dense_replace ==
// num_hidden_layers (of DeepSeek's too: Hugging Face loads that as DeepseekV3ForCausalLM).
struct ModelConfig {
  std::string arch = "deepseek_v3";
  int64_t vocab_size = 0;  // 0 in YAML: the tokenizer's
  int64_t hidden_size = 128;
  int64_t intermediate_size = 256;
  int64_t moe_intermediate_size = 64;
  int64_t num_hidden_layers = 3;
  int64_t num_attention_heads = 4;
  int64_t n_shared_experts = 1;
  int64_t n_routed_experts = 8;
  int64_t num_experts_per_tok = 2;
  int64_t n_group = 1;
  int64_t topk_group = 1;
  bool norm_topk_prob = true;
  double routed_scaling_factor = 1.0;
  int64_t first_k_dense_replace = 1;
  int64_t q_lora_rank = 0;  // 0: no q LoRA (null in config.json)
  int64_t kv_lora_rank = 32;
  int64_t qk_nope_head_dim = 16;
  int64_t qk_rope_head_dim = 16;
  int64_t v_head_dim = 32;
  // Families without latent attention.
  int64_t num_key_value_heads = 0;  // 0: num_attention_heads
  int64_t head_dim = 0;             // 0: hidden_size / num_attention_heads
  bool attention_bias = false;  // of q, k, v and o; Qwen2 has it for q, k and v without this key
  double query_pre_attn_scalar = 0;      // scores are divided by its root; 0: head_dim
  int64_t sliding_window = 0;            // keys that a sliding layer sees; 0: all
  std::vector<std::string> layer_types;  // kFullAttention or kSlidingAttention; empty: all full
  double rope_local_theta = 10000;       // base of the sliding layers (Gemma), which are not scaled

  int64_t num_nextn_predict_layers = 0;
  bool tie_word_embeddings = false;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000;
  bool rope_interleave = true;
  kernels::RopeConfig scaling;  // how rope is stretched; factor 1: not
  int64_t max_position_embeddings = 4096;
  double initializer_range = 0.02;
  bool scale_residual_init = false;  // output projections divided by sqrt(2 layers) at random init
  int64_t bos_token_id = -1, eos_token_id = -1, pad_token_id = -1;
  std::string mla_form = "expanded";  // or "absorbed"; both phases of a run use the one
  // kHfConfig and maybe kHfGenerationConfig as the Hugging Face folder has them that the model came
  // from, and notes on it (model/hf_folder.h); empty for other models. Not described: they are no
  // settings, and go where the model goes so that it can be written as it was read.
  std::map<std::string, std::string> hf_files;

  void describe(Fields& f);
  void describe_form(Fields& f);  // what may be chosen for given weights too

  // What follows from `arch`.
  bool latent_attention() const;  // multi-head latent attention; else grouped queries
  bool has_mtp() const { return arch == "deepseek_v3"; }
  bool has_experts() const;
  bool router_bias() const { return arch == "deepseek_v3"; }  // e_score_correction_bias
  bool qkv_bias() const { return arch == "qwen2" || attention_bias; }
  bool o_bias() const { return arch != "qwen2" && attention_bias; }
  bool qk_norm() const;                                 // of each head of q and k
  bool gemma() const { return arch == "gemma3_text"; }  // norms by 1 + w, and around each part
  double embedding_scale() const;                       // Gemma: sqrt(hidden_size), else 1
  kernels::GateActivation activation() const;
  bool interleaved_rope() const { return latent_attention() && rope_interleave; }

  bool is_moe(int64_t layer) const { return layer >= first_k_dense_replace; }
  int64_t num_moe_layers() const;  // of the main decoder, without MTP
  int64_t kv_heads() const;
  int64_t query_dim() const;  // of a head: of its query and key
  int64_t value_dim() const;
  bool sliding(int64_t layer) const;
  double softmax_scale() const;  // query_dim^-0.5 (or Gemma's scalar) * m(s, mscale_all_dim)^2
  int64_t num_parameters() const;
  kernels::RouterConfig router() const;
  kernels::RopeConfig rope() const;        // with this model's rotary dimensions and theta
  kernels::RopeConfig local_rope() const;  // of sliding layers

  static ModelConfig from_hf(const nlohmann::json& config, const std::string& file);
  // Rules between keys, as an InputError that names `place`.
  void check(const std::string& place) const;
  // For export: the keys that transformers 5.23 reads. `dtype` is "float32" or "bfloat16".
  nlohmann::json to_hf(const std::string& dtype) const;

 private:
  void describe_experts(Fields& f);
  void describe_latent(Fields& f);
  void describe_grouped(Fields& f);
};

std::vector<std::string> model_archs();  // known values of arch

}  // namespace cohort
