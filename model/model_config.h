// The shape of a model: from YAML (random weights) or a Hugging Face config.json. A key of
// config.json that would change the mathematics and is not supported is an InputError that names
// it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/config/fields.h"
#include "kernels/rope/rope.h"
#include "kernels/router/router.h"

namespace cohort {

// DeepSeek-V3 names throughout. A dense student is the same decoder with first_k_dense_replace ==
// num_hidden_layers (Hugging Face loads that as DeepseekV3ForCausalLM too).
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
  int64_t num_nextn_predict_layers = 0;
  bool tie_word_embeddings = false;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000;
  bool rope_interleave = true;
  kernels::RopeConfig yarn;  // factor 1: plain rope
  int64_t max_position_embeddings = 4096;
  double initializer_range = 0.02;
  bool scale_residual_init = false;  // output projections divided by sqrt(2 layers) at random init
  int64_t bos_token_id = -1, eos_token_id = -1, pad_token_id = -1;
  std::string mla_form = "expanded";  // or "absorbed"; both phases of a run use the one

  void describe(Fields& f);
  void describe_form(Fields& f);  // what may be chosen for given weights too

  bool is_moe(int64_t layer) const { return layer >= first_k_dense_replace; }
  int64_t num_moe_layers() const;  // of the main decoder, without MTP
  double softmax_scale() const;    // (dn + dr)^-0.5 * m(s, mscale_all_dim)^2
  int64_t num_parameters() const;
  kernels::RouterConfig router() const;
  kernels::RopeConfig rope() const;  // yarn with this model's rotary dimensions and theta

  static ModelConfig from_hf(const nlohmann::json& config, const std::string& file);
  // For export: the keys that transformers 5.23 reads. `dtype` is "float32" or "bfloat16".
  nlohmann::json to_hf(const std::string& dtype) const;
};

}  // namespace cohort
