#include "model/model_config.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "model/hf_config_reader.h"

namespace cohort {
namespace {

struct Fault {
  const char* key;
  std::string message;
};

// Rules between keys, for YAML and config.json alike.
std::optional<Fault> first_fault(const ModelConfig& c) {
  if (c.first_k_dense_replace > c.num_hidden_layers)
    return Fault{"first_k_dense_replace",
                 fmt::format("is {}, more than num_hidden_layers {}", c.first_k_dense_replace,
                             c.num_hidden_layers)};
  if (c.qk_rope_head_dim % 2 != 0)
    return Fault{"qk_rope_head_dim",
                 fmt::format("is {}, but rope needs pairs", c.qk_rope_head_dim)};
  if (c.first_k_dense_replace < c.num_hidden_layers || c.num_nextn_predict_layers > 0) {
    if (c.n_routed_experts % c.n_group != 0)
      return Fault{"n_group", fmt::format("is {}, which does not divide n_routed_experts {}",
                                          c.n_group, c.n_routed_experts)};
    const int64_t group_size = c.n_routed_experts / c.n_group;
    if (group_size < 2)
      return Fault{"n_group",
                   "leaves fewer than 2 experts a group, and a group is ranked by the "
                   "sum of its two best"};
    if (c.topk_group > c.n_group)
      return Fault{"topk_group",
                   fmt::format("is {}, more than n_group {}", c.topk_group, c.n_group)};
    if (c.num_experts_per_tok > c.topk_group * group_size)
      return Fault{"num_experts_per_tok",
                   fmt::format("is {}, more than the {} experts of the {} kept groups",
                               c.num_experts_per_tok, c.topk_group * group_size, c.topk_group)};
  }
  if (c.yarn.factor > 1) {
    if (c.yarn.beta_fast <= c.yarn.beta_slow)
      return Fault{"rope_scaling", fmt::format("has beta_fast {} not above beta_slow {}",
                                               c.yarn.beta_fast, c.yarn.beta_slow)};
    if (c.yarn.mscale != 1 && c.yarn.mscale_all_dim == 0)
      return Fault{"rope_scaling",
                   fmt::format("has mscale {} without mscale_all_dim, which transformers ignores",
                               c.yarn.mscale)};
  }
  if (c.vocab_size > 0)
    for (const auto& [key, id] :
         {std::pair{"bos_token_id", c.bos_token_id}, std::pair{"eos_token_id", c.eos_token_id},
          std::pair{"pad_token_id", c.pad_token_id}})
      if (id >= c.vocab_size)
        return Fault{key, fmt::format("is {}, not below vocab_size {}", id, c.vocab_size)};
  return std::nullopt;
}

// kernels know nothing of YAML, so RopeConfig is described here.
struct YarnFields {
  kernels::RopeConfig& yarn;
  void describe(Fields& f) {
    f.field("factor", yarn.factor, "Context is stretched by this factor.", at_least(1.0));
    f.field("original_max_position_embeddings", yarn.original_max_position,
            "Context before stretching.", at_least_int(1));
    f.field("beta_fast", yarn.beta_fast, "Rotations above which a dimension keeps its frequency.",
            at_least(0.0));
    f.field("beta_slow", yarn.beta_slow, "Rotations below which it is divided by factor.",
            at_least(0.0));
    f.field("mscale", yarn.mscale, "Numerator of the factor on cos and sin.", at_least(0.0));
    f.field("mscale_all_dim", yarn.mscale_all_dim,
            "Its denominator; squared, also on the softmax scale.", at_least(0.0));
  }
};

double yarn_mscale(double factor, double mscale) {
  return factor > 1 ? 0.1 * mscale * std::log(factor) + 1.0 : 1.0;
}

int64_t attention_parameters(const ModelConfig& c) {
  const int64_t q_out = c.num_attention_heads * (c.qk_nope_head_dim + c.qk_rope_head_dim);
  const int64_t q = c.q_lora_rank > 0
                        ? c.hidden_size * c.q_lora_rank + c.q_lora_rank + c.q_lora_rank * q_out
                        : c.hidden_size * q_out;
  const int64_t kv_a = c.hidden_size * (c.kv_lora_rank + c.qk_rope_head_dim) + c.kv_lora_rank;
  const int64_t kv_b = c.kv_lora_rank * c.num_attention_heads * (c.qk_nope_head_dim + c.v_head_dim);
  return q + kv_a + kv_b + c.num_attention_heads * c.v_head_dim * c.hidden_size;
}

int64_t moe_parameters(const ModelConfig& c) {
  const int64_t expert = 3 * c.hidden_size * c.moe_intermediate_size;
  const int64_t router = c.n_routed_experts * c.hidden_size + c.n_routed_experts;  // with its bias
  return (c.n_routed_experts + c.n_shared_experts) * expert + router;
}

}  // namespace

void ModelConfig::describe(Fields& f) {
  f.field("arch", arch, "Architecture.", {"deepseek_v3"});
  f.field("vocab_size", vocab_size, "Rows of the embedding; 0: the tokenizer's size.",
          at_least_int(0));
  f.field("hidden_size", hidden_size, "Width of the residual stream.", at_least_int(1));
  f.field("intermediate_size", intermediate_size, "Width of a dense layer's SwiGLU.",
          at_least_int(1));
  f.field("moe_intermediate_size", moe_intermediate_size, "Width of one expert.", at_least_int(1));
  f.field("num_hidden_layers", num_hidden_layers, "Layers, without the MTP module.",
          at_least_int(1));
  f.field("num_attention_heads", num_attention_heads, "Attention heads.", at_least_int(1));
  f.field("n_shared_experts", n_shared_experts, "Experts that see every token.", at_least_int(1));
  f.field("n_routed_experts", n_routed_experts, "Experts of a mixture-of-experts layer.",
          at_least_int(1));
  f.field("num_experts_per_tok", num_experts_per_tok, "Routed experts a token.", at_least_int(1));
  f.field("n_group", n_group, "Expert groups.", at_least_int(1));
  f.field("topk_group", topk_group, "Groups a token may route to.", at_least_int(1));
  f.field("norm_topk_prob", norm_topk_prob, "Expert weights of a token sum to 1 before scaling.");
  f.field("routed_scaling_factor", routed_scaling_factor, "Factor on the routed experts' output.",
          at_least(0.0));
  f.field("first_k_dense_replace", first_k_dense_replace,
          "The first layers that are dense; num_hidden_layers: a dense model.", at_least_int(0));
  f.field("q_lora_rank", q_lora_rank, "Rank of the query projection; 0: full.", at_least_int(0));
  f.field("kv_lora_rank", kv_lora_rank, "Width of the compressed key-value latent.",
          at_least_int(1));
  f.field("qk_nope_head_dim", qk_nope_head_dim, "Head dimensions without position.",
          at_least_int(1));
  f.field("qk_rope_head_dim", qk_rope_head_dim, "Head dimensions with rotary position.",
          at_least_int(2));
  f.field("v_head_dim", v_head_dim, "Dimensions of a head's value.", at_least_int(1));
  f.field("num_nextn_predict_layers", num_nextn_predict_layers,
          "Multi-token-prediction modules, 0 or 1.", between_int(0, 1));
  f.field("tie_word_embeddings", tie_word_embeddings, "The head is the embedding.");
  f.field("rms_norm_eps", rms_norm_eps, "Epsilon of the layer norms.", at_least(0.0));
  f.field("rope_theta", rope_theta, "Base of the rotary frequencies.", at_least(1.0));
  f.field("rope_interleave", rope_interleave, "Rotary pairs are neighbours, as DeepSeek trains.");
  bool scaled = yarn.factor > 1;
  YarnFields yarn_fields{yarn};
  f.optional_section("rope_scaling", scaled, yarn_fields, "YaRN.");
  f.field("max_position_embeddings", max_position_embeddings, "Longest sequence.", at_least_int(1));
  f.field("initializer_range", initializer_range, "Standard deviation of random weights.",
          at_least(0.0));
  f.field("scale_residual_init", scale_residual_init,
          "Random o_proj and down_proj are divided by sqrt(2 layers).");
  f.field("bos_token_id", bos_token_id, "-1: the tokenizer's.", at_least_int(-1));
  f.field("eos_token_id", eos_token_id, "-1: the tokenizer's.", at_least_int(-1));
  f.field("pad_token_id", pad_token_id, "-1: the tokenizer's.", at_least_int(-1));
  describe_form(f);
  if (f.reading())
    if (const auto fault = first_fault(*this)) f.fail(fault->key, fault->message);
}

void ModelConfig::describe_form(Fields& f) {
  f.field("mla_form", mla_form,
          "Attention on expanded keys and values, or on the latent; one form for both phases.",
          {"expanded", "absorbed"});
}

int64_t ModelConfig::num_moe_layers() const { return num_hidden_layers - first_k_dense_replace; }

double ModelConfig::softmax_scale() const {
  const double m = yarn_mscale(yarn.factor, yarn.mscale_all_dim);
  return m * m / std::sqrt(static_cast<double>(qk_nope_head_dim + qk_rope_head_dim));
}

int64_t ModelConfig::num_parameters() const {
  const int64_t layer = attention_parameters(*this) + 2 * hidden_size;
  const int64_t dense = 3 * hidden_size * intermediate_size;
  int64_t total = vocab_size * hidden_size * (tie_word_embeddings ? 1 : 2) + hidden_size;
  total += num_hidden_layers * layer + first_k_dense_replace * dense +
           num_moe_layers() * moe_parameters(*this);
  // MTP: enorm, hnorm, shared_head.norm, eh_proj and one MoE layer; embedding and head are shared.
  total += num_nextn_predict_layers *
           (layer + moe_parameters(*this) + 3 * hidden_size + 2 * hidden_size * hidden_size);
  return total;
}

kernels::RouterConfig ModelConfig::router() const {
  return {.num_experts = n_routed_experts,
          .top_k = num_experts_per_tok,
          .num_groups = n_group,
          .top_k_groups = topk_group,
          .norm_topk_prob = norm_topk_prob,
          .routed_scaling_factor = routed_scaling_factor};
}

kernels::RopeConfig ModelConfig::rope() const {
  kernels::RopeConfig config = yarn;
  config.rotary = qk_rope_head_dim;
  config.theta = rope_theta;
  return config;
}

ModelConfig ModelConfig::from_hf(const nlohmann::json& config, const std::string& file) {
  ModelConfig c = read_deepseek_v3_config(config, file);
  if (const auto fault = first_fault(c))
    throw_error<InputError>("{}: {} {}", file, fault->key, fault->message);
  return c;
}

nlohmann::json ModelConfig::to_hf(const std::string& dtype) const {
  const auto id_or_null = [](int64_t id) { return id < 0 ? nlohmann::json() : nlohmann::json(id); };
  nlohmann::json j = {
      {"architectures", {"DeepseekV3ForCausalLM"}},
      {"model_type", "deepseek_v3"},
      {"vocab_size", vocab_size},
      {"hidden_size", hidden_size},
      {"intermediate_size", intermediate_size},
      {"moe_intermediate_size", moe_intermediate_size},
      {"num_hidden_layers", num_hidden_layers},
      {"num_attention_heads", num_attention_heads},
      {"num_key_value_heads", num_attention_heads},
      {"n_shared_experts", n_shared_experts},
      {"n_routed_experts", n_routed_experts},
      {"num_experts_per_tok", num_experts_per_tok},
      {"n_group", n_group},
      {"topk_group", topk_group},
      {"norm_topk_prob", norm_topk_prob},
      {"routed_scaling_factor", routed_scaling_factor},
      {"first_k_dense_replace", first_k_dense_replace},
      {"moe_layer_freq", 1},
      {"scoring_func", "sigmoid"},
      {"topk_method", "noaux_tc"},
      {"q_lora_rank", q_lora_rank > 0 ? nlohmann::json(q_lora_rank) : nlohmann::json()},
      {"kv_lora_rank", kv_lora_rank},
      {"qk_nope_head_dim", qk_nope_head_dim},
      {"qk_rope_head_dim", qk_rope_head_dim},
      {"v_head_dim", v_head_dim},
      {"num_nextn_predict_layers", num_nextn_predict_layers},
      {"tie_word_embeddings", tie_word_embeddings},
      {"rms_norm_eps", rms_norm_eps},
      {"rope_theta", rope_theta},
      {"rope_scaling", nullptr},
      {"rope_interleave", rope_interleave},
      {"max_position_embeddings", max_position_embeddings},
      {"initializer_range", initializer_range},
      {"hidden_act", "silu"},
      {"attention_bias", false},
      {"attention_dropout", 0.0},
      {"use_cache", true},
      {"bos_token_id", id_or_null(bos_token_id)},
      {"eos_token_id", id_or_null(eos_token_id)},
      {"pad_token_id", id_or_null(pad_token_id)},
      {"torch_dtype", dtype},
  };
  // The old spelling (rope_theta beside rope_scaling): every reader still knows it, transformers 5
  // too.
  if (yarn.factor > 1) {
    j["rope_scaling"] = {{"type", "yarn"},
                         {"rope_type", "yarn"},
                         {"factor", yarn.factor},
                         {"original_max_position_embeddings", yarn.original_max_position},
                         {"beta_fast", yarn.beta_fast},
                         {"beta_slow", yarn.beta_slow}};
    if (yarn.mscale_all_dim != 0) {
      j["rope_scaling"]["mscale"] = yarn.mscale;
      j["rope_scaling"]["mscale_all_dim"] = yarn.mscale_all_dim;
    }
  }
  return j;
}

}  // namespace cohort
