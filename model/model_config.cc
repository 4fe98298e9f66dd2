#include "model/model_config.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "model/parameter_layout.h"

namespace cohort {
namespace {

struct Fault {
  const char* key;
  std::string message;
};

// Names are kept of all of them: a number that no model has is no reason to run out of memory.
constexpr double kMostExperts = 1e6;

std::optional<Fault> expert_fault(const ModelConfig& c) {
  if (static_cast<double>(c.n_routed_experts) * static_cast<double>(c.num_hidden_layers) >
      kMostExperts)
    return Fault{"n_routed_experts",
                 fmt::format("is {} in each of {} layers, more than {} in all", c.n_routed_experts,
                             c.num_hidden_layers, kMostExperts)};
  if (c.n_routed_experts % c.n_group != 0)
    return Fault{"n_group", fmt::format("is {}, which does not divide n_routed_experts {}",
                                        c.n_group, c.n_routed_experts)};
  const int64_t group_size = c.n_routed_experts / c.n_group;
  if (c.router_bias() && group_size < 2)
    return Fault{"n_group",
                 "leaves fewer than 2 experts a group, and a group is ranked by the "
                 "sum of its two best"};
  if (c.topk_group > c.n_group)
    return Fault{"topk_group", fmt::format("is {}, more than n_group {}", c.topk_group, c.n_group)};
  if (c.num_experts_per_tok > c.topk_group * group_size)
    return Fault{"num_experts_per_tok",
                 fmt::format("is {}, more than the {} experts of the {} kept groups",
                             c.num_experts_per_tok, c.topk_group * group_size, c.topk_group)};
  return std::nullopt;
}

std::optional<Fault> scaling_fault(const kernels::RopeConfig& s) {
  if (s.factor <= 1) return std::nullopt;
  if (s.scaling == kernels::RopeScaling::yarn) {
    if (s.beta_fast <= s.beta_slow)
      return Fault{"rope_scaling", fmt::format("has beta_fast {} not above beta_slow {}",
                                               s.beta_fast, s.beta_slow)};
    if (s.mscale != 1 && s.mscale_all_dim == 0)
      return Fault{"rope_scaling",
                   fmt::format("has mscale {} without mscale_all_dim, which transformers ignores",
                               s.mscale)};
  }
  if (s.scaling == kernels::RopeScaling::llama3 && s.high_freq_factor <= s.low_freq_factor)
    return Fault{"rope_scaling", fmt::format("has high_freq_factor {} not above low_freq_factor {}",
                                             s.high_freq_factor, s.low_freq_factor)};
  return std::nullopt;
}

std::optional<Fault> grouped_attention_fault(const ModelConfig& c) {
  if (c.num_attention_heads % c.kv_heads() != 0)
    return Fault{"num_key_value_heads", fmt::format("is {}, which does not divide the {} heads",
                                                    c.kv_heads(), c.num_attention_heads)};
  if (c.head_dim == 0 && c.hidden_size % c.num_attention_heads != 0)
    return Fault{"num_attention_heads", fmt::format("is {}, which does not divide hidden_size {}",
                                                    c.num_attention_heads, c.hidden_size)};
  if (c.query_dim() % 2 != 0)
    return Fault{"head_dim", fmt::format("is {}, but rope needs pairs", c.query_dim())};
  if (c.mla_form != "expanded")
    return Fault{"mla_form",
                 fmt::format("is {}, but {} has no latent attention", c.mla_form, c.arch)};
  for (const std::string& type : c.layer_types)
    if (type != kFullAttention && type != kSlidingAttention)
      return Fault{"layer_types", fmt::format("has {}, expected {} or {}", type, kFullAttention,
                                              kSlidingAttention)};
  if (!c.layer_types.empty() && std::ssize(c.layer_types) != c.num_hidden_layers)
    return Fault{"layer_types", fmt::format("has {} entries for {} layers", c.layer_types.size(),
                                            c.num_hidden_layers)};
  if (c.sliding_window == 0 && std::ranges::count(c.layer_types, kSlidingAttention) > 0)
    return Fault{"sliding_window", "is missing, and layer_types has sliding layers"};
  return std::nullopt;
}

// Rules between keys, for YAML and config.json alike.
std::optional<Fault> first_fault(const ModelConfig& c) {
  if (c.first_k_dense_replace > c.num_hidden_layers)
    return Fault{"first_k_dense_replace",
                 fmt::format("is {}, more than num_hidden_layers {}", c.first_k_dense_replace,
                             c.num_hidden_layers)};
  if (c.latent_attention() && c.qk_rope_head_dim % 2 != 0)
    return Fault{"qk_rope_head_dim",
                 fmt::format("is {}, but rope needs pairs", c.qk_rope_head_dim)};
  if (!c.latent_attention())
    if (auto fault = grouped_attention_fault(c)) return fault;
  if (c.first_k_dense_replace < c.num_hidden_layers || c.num_nextn_predict_layers > 0)
    if (auto fault = expert_fault(c)) return fault;
  if (auto fault = scaling_fault(c.scaling)) return fault;
  if (c.vocab_size > 0)
    for (const auto& [key, id] :
         {std::pair{"bos_token_id", c.bos_token_id}, std::pair{"eos_token_id", c.eos_token_id},
          std::pair{"pad_token_id", c.pad_token_id}})
      if (id >= c.vocab_size)
        return Fault{key, fmt::format("is {}, not below vocab_size {}", id, c.vocab_size)};
  return std::nullopt;
}

// kernels know nothing of YAML, so RopeConfig is described here.
struct RopeScalingFields {
  kernels::RopeConfig& scaling;
  void describe(Fields& f) {
    using kernels::RopeScaling;
    static const std::vector<std::string> kinds = {"yarn", "llama3", "linear"};  // RopeScaling
    std::string kind = kinds[static_cast<size_t>(scaling.scaling)];
    f.field("type", kind, "How frequencies are stretched.", kinds);
    scaling.scaling = static_cast<RopeScaling>(std::ranges::find(kinds, kind) - kinds.begin());
    f.field("factor", scaling.factor, "Context is stretched by this factor.", at_least(1.0));
    if (scaling.scaling == RopeScaling::linear) return;
    f.field("original_max_position_embeddings", scaling.original_max_position,
            "Context before stretching.", at_least_int(1));
    if (scaling.scaling == RopeScaling::llama3) {
      f.field("low_freq_factor", scaling.low_freq_factor,
              "Rotations below which a dimension is divided by factor.", at_least(0.0));
      f.field("high_freq_factor", scaling.high_freq_factor,
              "Rotations above which it keeps its frequency.", at_least(0.0));
      return;
    }
    f.field("beta_fast", scaling.beta_fast,
            "Rotations above which a dimension keeps its frequency.", at_least(0.0));
    f.field("beta_slow", scaling.beta_slow, "Rotations below which it is divided by factor.",
            at_least(0.0));
    f.field("mscale", scaling.mscale, "Numerator of the factor on cos and sin.", at_least(0.0));
    f.field("mscale_all_dim", scaling.mscale_all_dim,
            "Its denominator; squared, also on the softmax scale.", at_least(0.0));
  }
};

double yarn_mscale(double factor, double mscale) {
  return factor > 1 ? 0.1 * mscale * std::log(factor) + 1.0 : 1.0;
}

}  // namespace

std::vector<std::string> periodic_layer_types(int64_t num_layers, int64_t period) {
  std::vector<std::string> types;
  for (int64_t i = 1; i <= num_layers; ++i)
    types.push_back(i % period == 0 ? kFullAttention : kSlidingAttention);
  return types;
}

std::vector<std::string> model_archs() {
  return {"deepseek_v3", "deepseek_v2", "llama", "qwen2", "qwen3", "qwen3_moe", "gemma3_text"};
}

void ModelConfig::describe(Fields& f) {
  f.field("arch", arch, "Architecture: Hugging Face's model_type.", model_archs());
  if (f.reading() && arch == "gemma3_text") tie_word_embeddings = true;
  f.field("vocab_size", vocab_size, "Rows of the embedding; 0: the tokenizer's size.",
          at_least_int(0));
  f.field("hidden_size", hidden_size, "Width of the residual stream.", at_least_int(1));
  f.field("intermediate_size", intermediate_size, "Width of a dense layer's gated unit.",
          at_least_int(1));
  f.field("num_hidden_layers", num_hidden_layers, "Layers, without the MTP module.",
          at_least_int(1));
  f.field("num_attention_heads", num_attention_heads, "Attention heads.", at_least_int(1));
  has_experts() ? describe_experts(f) : void(first_k_dense_replace = num_hidden_layers);
  latent_attention() ? describe_latent(f) : describe_grouped(f);
  f.field("tie_word_embeddings", tie_word_embeddings, "The head is the embedding.");
  f.field("rms_norm_eps", rms_norm_eps, "Epsilon of the layer norms.", at_least(0.0));
  f.field("rope_theta", rope_theta, "Base of the rotary frequencies.", at_least(1.0));
  bool scaled = scaling.factor > 1;
  RopeScalingFields scaling_fields{scaling};
  f.optional_section("rope_scaling", scaled, scaling_fields, "How positions are stretched.");
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

void ModelConfig::describe_experts(Fields& f) {
  const bool deepseek = latent_attention();
  f.field("moe_intermediate_size", moe_intermediate_size, "Width of one expert.", at_least_int(1));
  f.field("n_routed_experts", n_routed_experts, "Experts of a mixture-of-experts layer.",
          at_least_int(1));
  f.field("num_experts_per_tok", num_experts_per_tok, "Routed experts a token.", at_least_int(1));
  f.field("first_k_dense_replace", first_k_dense_replace,
          "The first layers that are dense; num_hidden_layers: a dense model.", at_least_int(0));
  if (f.reading() && !deepseek && !f.has("first_k_dense_replace")) first_k_dense_replace = 0;
  if (arch != "deepseek_v2")
    f.field("norm_topk_prob", norm_topk_prob, "Expert weights of a token sum to 1 before scaling.");
  else
    norm_topk_prob = false;
  if (!deepseek) {
    n_shared_experts = 0;
    return;
  }
  f.field("n_shared_experts", n_shared_experts, "Experts that see every token.", at_least_int(1));
  f.field("n_group", n_group, "Expert groups.", at_least_int(1));
  f.field("topk_group", topk_group, "Groups a token may route to.", at_least_int(1));
  f.field("routed_scaling_factor", routed_scaling_factor, "Factor on the routed experts' output.",
          at_least(0.0));
}

void ModelConfig::describe_latent(Fields& f) {
  f.field("q_lora_rank", q_lora_rank, "Rank of the query projection; 0: full.", at_least_int(0));
  f.field("kv_lora_rank", kv_lora_rank, "Width of the compressed key-value latent.",
          at_least_int(1));
  f.field("qk_nope_head_dim", qk_nope_head_dim, "Head dimensions without position.",
          at_least_int(1));
  f.field("qk_rope_head_dim", qk_rope_head_dim, "Head dimensions with rotary position.",
          at_least_int(2));
  f.field("v_head_dim", v_head_dim, "Dimensions of a head's value.", at_least_int(1));
  f.field("rope_interleave", rope_interleave, "Rotary pairs are neighbours, as DeepSeek trains.");
  if (has_mtp())
    f.field("num_nextn_predict_layers", num_nextn_predict_layers,
            "Multi-token-prediction modules, 0 or 1.", between_int(0, 1));
}

void ModelConfig::describe_grouped(Fields& f) {
  f.field("num_key_value_heads", num_key_value_heads,
          "Heads of keys and values; 0: num_attention_heads.", at_least_int(0));
  f.field("head_dim", head_dim, "Dimensions of a head; 0: hidden_size / num_attention_heads.",
          at_least_int(0));
  if (arch != "qwen2" && !gemma())
    f.field("attention_bias", attention_bias, "q, k, v and o have a bias.");
  if (arch == "llama" || arch == "qwen3_moe") return;
  f.field("sliding_window", sliding_window, "Keys that a sliding layer sees; 0: all.",
          at_least_int(0));
  f.field("layer_types", layer_types,
          "full_attention or sliding_attention, a layer each; empty: all full.");
  if (!gemma()) return;
  f.field("query_pre_attn_scalar", query_pre_attn_scalar,
          "Scores are divided by its root; 0: head_dim.", at_least(0.0));
  f.field("rope_local_base_freq", rope_local_theta, "Base of the sliding layers' frequencies.",
          at_least(1.0));
}

void ModelConfig::describe_form(Fields& f) {
  f.field("mla_form", mla_form,
          "Attention on expanded keys and values, or on the latent; one form for both phases.",
          {"expanded", "absorbed"});
}

bool ModelConfig::latent_attention() const {
  return arch == "deepseek_v3" || arch == "deepseek_v2";
}
bool ModelConfig::has_experts() const { return latent_attention() || arch == "qwen3_moe"; }
bool ModelConfig::qk_norm() const {
  return arch == "qwen3" || arch == "qwen3_moe" || arch == "gemma3_text";
}
double ModelConfig::embedding_scale() const {
  return gemma() ? std::sqrt(static_cast<double>(hidden_size)) : 1.0;
}
kernels::GateActivation ModelConfig::activation() const {
  return gemma() ? kernels::GateActivation::gelu_tanh : kernels::GateActivation::silu;
}

int64_t ModelConfig::num_moe_layers() const { return num_hidden_layers - first_k_dense_replace; }

int64_t ModelConfig::kv_heads() const {
  return latent_attention() || num_key_value_heads == 0 ? num_attention_heads : num_key_value_heads;
}

int64_t ModelConfig::query_dim() const {
  if (latent_attention()) return qk_nope_head_dim + qk_rope_head_dim;
  return head_dim > 0 ? head_dim : hidden_size / num_attention_heads;
}

int64_t ModelConfig::value_dim() const { return latent_attention() ? v_head_dim : query_dim(); }

bool ModelConfig::sliding(int64_t layer) const {
  return sliding_window > 0 && !layer_types.empty() &&
         layer_types[static_cast<size_t>(layer)] == kSlidingAttention;
}

double ModelConfig::softmax_scale() const {
  const double m = latent_attention() ? yarn_mscale(scaling.factor, scaling.mscale_all_dim) : 1.0;
  const double d =
      query_pre_attn_scalar > 0 ? query_pre_attn_scalar : static_cast<double>(query_dim());
  return m * m / std::sqrt(d);
}

int64_t ModelConfig::num_parameters() const {
  const ParameterLayout layout = make_parameter_layout(*this);
  return layout.numel + static_cast<int64_t>(layout.router_biases.size()) * n_routed_experts;
}

kernels::RouterConfig ModelConfig::router() const {
  return {.softmax = !router_bias(),
          .num_experts = n_routed_experts,
          .top_k = num_experts_per_tok,
          .num_groups = n_group,
          .top_k_groups = topk_group,
          .norm_topk_prob = norm_topk_prob,
          .routed_scaling_factor = routed_scaling_factor};
}

kernels::RopeConfig ModelConfig::rope() const {
  kernels::RopeConfig config = scaling;
  config.rotary = latent_attention() ? qk_rope_head_dim : query_dim();
  config.theta = rope_theta;
  return config;
}

kernels::RopeConfig ModelConfig::local_rope() const {
  if (!gemma()) return rope();
  return {.rotary = query_dim(), .theta = rope_local_theta};
}

void ModelConfig::check(const std::string& place) const {
  if (const auto fault = first_fault(*this))
    throw_error<InputError>("{}: {} {}", place, fault->key, fault->message);
}

}  // namespace cohort
