#include "model/gguf/gguf_config.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/io/gguf/quants.h"
#include "kernels/rope/rope.h"
#include "model/gguf/tensor_names.h"

namespace cohort {
namespace {

using kernels::RopeScaling;

constexpr int64_t kSoftmaxGating = 1, kSigmoidGating = 2;
constexpr int64_t kGemmaPattern = 6;  // llama.cpp's: every sixth layer of gemma3 is full
constexpr double kGemmaLocalBase = 10000;

// Keys of one architecture.
class ArchKeys {
 public:
  ArchKeys(const GgufFile& file, std::string arch)
      : metadata_(file.metadata()), arch_(std::move(arch)) {}

  bool has(const char* key) const { return metadata_.contains(name(key)); }
  int64_t integer(const char* key, int64_t lowest = 1) const {
    return metadata_.integer(name(key), lowest);
  }
  int64_t integer_or(const char* key, int64_t absent, int64_t lowest = 0) const {
    return has(key) ? integer(key, lowest) : absent;
  }
  // Files hold fp32: what is meant is the shortest decimal that rounds to it (1e-05, not
  // 9.99999974e-06).
  double real(const char* key) const {
    const double value = metadata_.real(name(key));
    const auto single = static_cast<float>(value);
    return static_cast<double>(single) == value ? std::stod(fmt::format("{}", single)) : value;
  }
  double real_or(const char* key, double absent) const { return has(key) ? real(key) : absent; }
  bool boolean_or(const char* key, bool absent) const {
    return has(key) ? metadata_.boolean(name(key)) : absent;
  }
  std::string string_or(const char* key, const char* absent) const {
    return has(key) ? metadata_.string(name(key)) : absent;
  }
  // One number for all layers, or a number each that are the same.
  int64_t same_in_all(const char* key, int64_t layers) const {
    const auto values = metadata_.integers(name(key), static_cast<size_t>(layers), 1);
    for (const int64_t value : values)
      if (value != values[0]) fail(key, "differs between layers", "one number for all (supported)");
    return values[0];
  }
  [[noreturn]] void fail(const char* key, const std::string& fault,
                         const std::string& expected) const {
    throw_error<InputError>("{}: {} {}, expected {}", metadata_.file(), name(key), fault, expected);
  }
  std::string name(const char* key) const { return arch_ + "." + key; }

 private:
  const GgufMetadata& metadata_;
  std::string arch_;
};

void read_scaling(const ArchKeys& k, ModelConfig& c) {
  const std::string kind = k.string_or("rope.scaling.type", "none");
  kernels::RopeConfig& s = c.scaling;
  if (kind == "none") return;
  if (kind != "yarn" && kind != "linear")
    k.fail("rope.scaling.type", "is " + kind, "none, linear or yarn (supported)");
  s.factor = k.real_or("rope.scaling.factor", 1.0);
  if (kind == "linear") {
    s.scaling = RopeScaling::linear;
    return;
  }
  s.original_max_position = k.integer("rope.scaling.original_context_length");
  s.beta_fast = k.real_or("rope.scaling.yarn_beta_fast", 32);
  s.beta_slow = k.real_or("rope.scaling.yarn_beta_slow", 1);
  if (k.has("rope.scaling.yarn_attn_factor") && k.real("rope.scaling.yarn_attn_factor") != 1)
    k.fail("rope.scaling.yarn_attn_factor", "is not 1", "1 (supported)");
  // 0.1 mscale_all_dim, of deepseek2 alone; cos and sin keep a factor of 1 then.
  if (c.latent_attention() && k.has("rope.scaling.yarn_log_multiplier"))
    s.mscale = s.mscale_all_dim = k.real("rope.scaling.yarn_log_multiplier") / 0.1;
}

// The tensor of Llama 3.1's divisors, back to the four numbers that it was made from.
void read_rope_divisors(const GgufFile& file, ModelConfig& c) {
  const GgufTensor* tensor = file.find("rope_freqs.weight");
  if (tensor == nullptr) return;
  std::vector<float> divisors(static_cast<size_t>(c.query_dim() / 2));
  const std::string place = file.metadata().file() + ": tensor rope_freqs.weight";
  if (tensor->type != GgmlType::f32 || tensor->shape != std::vector<int64_t>{c.query_dim() / 2})
    throw_error<InputError>("{} is not F32 [{}]", place, c.query_dim() / 2);
  ggml_dequantize(tensor->type, tensor->data, divisors);
  c.scaling = {.scaling = RopeScaling::llama3,
               .factor = *std::ranges::max_element(divisors),
               .original_max_position = 8192,
               .low_freq_factor = 1,
               .high_freq_factor = 4};
  const std::vector<float> expected = rope_divisors(c);
  for (size_t j = 0; j < divisors.size(); ++j)
    if (!(std::abs(divisors[j] - expected[j]) <= 1e-5f * expected[j]))
      throw_error<InputError>("{} is not Llama 3.1's: [{}] is {}, expected {}", place, j,
                              divisors[j], expected[j]);
}

void read_latent(const ArchKeys& k, ModelConfig& c) {
  const bool split = k.has("attention.key_length_mla");
  c.q_lora_rank = k.integer_or("attention.q_lora_rank", 0);
  c.kv_lora_rank = k.integer("attention.kv_lora_rank");
  c.qk_rope_head_dim = k.integer("rope.dimension_count");
  const int64_t key = k.integer(split ? "attention.key_length_mla" : "attention.key_length");
  c.v_head_dim = k.integer(split ? "attention.value_length_mla" : "attention.value_length");
  c.qk_nope_head_dim = key - c.qk_rope_head_dim;
  if (c.qk_nope_head_dim < 1)
    k.fail("attention.key_length", fmt::format("is {}", key), "more than rope.dimension_count");
  c.first_k_dense_replace = k.integer_or("leading_dense_block_count", 0);
  c.n_routed_experts = k.integer("expert_count");
  c.num_experts_per_tok = k.integer("expert_used_count");
  c.n_shared_experts = k.integer("expert_shared_count");
  c.moe_intermediate_size = k.integer("expert_feed_forward_length");
  c.n_group = k.integer_or("expert_group_count", 1, 1);
  c.topk_group = k.integer_or("expert_group_used_count", c.n_group, 1);
  c.routed_scaling_factor = k.real_or("expert_weights_scale", 1.0);
  c.norm_topk_prob = k.boolean_or("expert_weights_norm", false);
  const int64_t gating = k.integer_or("expert_gating_func", kSoftmaxGating);
  c.arch = gating == kSigmoidGating ? "deepseek_v3" : "deepseek_v2";
  if (gating != kSigmoidGating && gating != kSoftmaxGating)
    k.fail("expert_gating_func", fmt::format("is {}", gating), "1 or 2");
  if (c.arch == "deepseek_v2" && c.norm_topk_prob)
    k.fail("expert_weights_norm", "is true", "false with softmax gating (supported)");
  if (k.integer_or("nextn_predict_layers", 0) > 0)
    k.fail("nextn_predict_layers", "is not 0", "none (MTP is not read from GGUF)");
}

void read_grouped(const GgufFile& file, const ArchKeys& k, ModelConfig& c) {
  c.num_key_value_heads = k.has("attention.head_count_kv")
                              ? k.same_in_all("attention.head_count_kv", c.num_hidden_layers)
                              : c.num_attention_heads;
  c.head_dim = k.integer_or("attention.key_length", c.hidden_size / c.num_attention_heads, 1);
  if (k.integer_or("attention.value_length", c.head_dim, 1) != c.head_dim)
    k.fail("attention.value_length", "differs from key_length", "the same (supported)");
  if (k.integer_or("rope.dimension_count", c.head_dim, 1) != c.head_dim)
    k.fail("rope.dimension_count", "differs from the head's width", "all of a head (supported)");
  if (c.arch == "llama") c.attention_bias = file.find("blk.0.attn_output.bias") != nullptr;
  c.first_k_dense_replace = c.num_hidden_layers;
  if (c.arch == "qwen3_moe") {
    c.n_shared_experts = 0;
    c.first_k_dense_replace = 0;
    c.norm_topk_prob = true;  // llama.cpp's qwen3moe has no other
    c.n_routed_experts = k.integer("expert_count");
    c.num_experts_per_tok = k.integer("expert_used_count");
    c.moe_intermediate_size = k.integer("expert_feed_forward_length");
  } else if (k.integer_or("expert_count", 0) > 0) {
    k.fail("expert_count", "is not 0", "a dense model (supported)");
  }
  if (!c.gemma()) {
    if (k.integer_or("attention.sliding_window", 0) > 0)
      k.fail("attention.sliding_window", "is set", "none (supported)");
    return;
  }
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"})
    if (k.real_or(key, 0) != 0) k.fail(key, "is set", "none (supported)");
  // llama.cpp: 1 / sqrt(head width), but for the 27B model, whose heads are told by its layers.
  c.query_pre_attn_scalar = static_cast<double>(
      c.num_hidden_layers == 62 ? c.hidden_size / c.num_attention_heads : c.head_dim);
  c.sliding_window = k.integer("attention.sliding_window");
  const int64_t pattern = k.integer_or("attention.sliding_window_pattern", kGemmaPattern, 1);
  c.layer_types = periodic_layer_types(c.num_hidden_layers, pattern);
  c.rope_local_theta = k.real_or("rope.freq_base_swa", kGemmaLocalBase);
}

std::string arch_of(const GgufMetadata& metadata) {
  const std::string& name = metadata.string("general.architecture");
  static const std::map<std::string, std::string> known = {
      {"llama", "llama"},        {"qwen2", "qwen2"},           {"qwen3", "qwen3"},
      {"qwen3moe", "qwen3_moe"}, {"deepseek2", "deepseek_v3"}, {"gemma3", "gemma3_text"}};
  const auto found = known.find(name);
  if (found == known.end())
    throw_error<InputError>(
        "{}: general.architecture is \"{}\", expected llama, qwen2, qwen3, qwen3moe, deepseek2 or "
        "gemma3 (supported)",
        metadata.file(), name);
  return found->second;
}

}  // namespace

ModelConfig read_gguf_config(const GgufFile& file) {
  const GgufMetadata& m = file.metadata();
  ModelConfig c;
  c.arch = arch_of(m);
  const ArchKeys k(file, m.string("general.architecture"));
  c.num_hidden_layers = k.integer("block_count");
  c.hidden_size = k.integer("embedding_length");
  c.intermediate_size = k.same_in_all("feed_forward_length", c.num_hidden_layers);
  c.num_attention_heads = k.same_in_all("attention.head_count", c.num_hidden_layers);
  c.max_position_embeddings = k.integer("context_length");
  c.rms_norm_eps = k.real("attention.layer_norm_rms_epsilon");
  c.rope_theta = k.real_or("rope.freq_base", 10000);
  c.tie_word_embeddings = file.find("output.weight") == nullptr;
  const GgufTensor* embedding = file.find("token_embd.weight");
  if (embedding == nullptr || embedding->shape.size() != 2)
    throw_error<InputError>("{}: tensor token_embd.weight is missing, or not a matrix", m.file());
  c.vocab_size = embedding->shape[0];
  c.latent_attention() ? read_latent(k, c) : read_grouped(file, k, c);
  read_scaling(k, c);
  if (c.arch == "llama") read_rope_divisors(file, c);
  const auto token = [&](const char* key, int64_t& id) {
    if (m.contains(key)) id = m.integer(key, 0, c.vocab_size - 1);
  };
  token("tokenizer.ggml.bos_token_id", c.bos_token_id);
  token("tokenizer.ggml.eos_token_id", c.eos_token_id);
  token("tokenizer.ggml.padding_token_id", c.pad_token_id);
  c.check(m.file());
  return c;
}

std::vector<float> rope_divisors(const ModelConfig& c) {
  if (c.latent_attention() || c.scaling.factor <= 1 || c.scaling.scaling != RopeScaling::llama3)
    return {};
  kernels::RopeConfig plain = c.rope();
  plain.factor = 1;
  const std::vector<double> stretched = kernels::rope_frequencies(c.rope());
  const std::vector<double> frequencies = kernels::rope_frequencies(plain);
  std::vector<float> divisors;
  for (size_t j = 0; j < stretched.size(); ++j)
    divisors.push_back(static_cast<float>(frequencies[j] / stretched[j]));
  return divisors;
}

namespace {

// Adds keys of one architecture.
struct ArchWriter {
  GgufMetadata& metadata;
  std::string arch;
  void integer(const char* key, int64_t value) const {
    metadata.add(arch + "." + key, static_cast<uint32_t>(value));
  }
  void real(const char* key, double value) const {
    metadata.add(arch + "." + key, static_cast<float>(value));
  }
};

void refuse(bool refused, const char* what) {
  if (refused) throw_error<InputError>("GGUF cannot express {}", what);
}

void write_scaling(const ModelConfig& c, const ArchWriter& w) {
  const kernels::RopeConfig& s = c.scaling;
  if (s.factor <= 1 || s.scaling == RopeScaling::llama3) return;  // llama3: rope_freqs.weight
  const bool yarn = s.scaling == RopeScaling::yarn;
  w.metadata.add(w.arch + ".rope.scaling.type", std::string(yarn ? "yarn" : "linear"));
  w.real("rope.scaling.factor", s.factor);
  if (!yarn) return;
  w.integer("rope.scaling.original_context_length", s.original_max_position);
  w.real("rope.scaling.yarn_beta_fast", s.beta_fast);
  w.real("rope.scaling.yarn_beta_slow", s.beta_slow);
  if (c.latent_attention()) {
    refuse(s.mscale != s.mscale_all_dim, "an mscale that differs from mscale_all_dim");
    w.real("rope.scaling.yarn_log_multiplier", 0.1 * s.mscale_all_dim);
  } else {
    refuse(s.mscale_all_dim != 0, "mscale_all_dim without latent attention");
  }
}

void write_latent(const ModelConfig& c, const ArchWriter& w) {
  const int64_t latent = c.kv_lora_rank;
  if (c.q_lora_rank > 0) w.integer("attention.q_lora_rank", c.q_lora_rank);
  w.integer("attention.kv_lora_rank", latent);
  w.integer("attention.head_count_kv", 1);  // as it is cached: one key of latent and rope
  w.integer("attention.key_length", latent + c.qk_rope_head_dim);
  w.integer("attention.value_length", latent);
  w.integer("attention.key_length_mla", c.query_dim());
  w.integer("attention.value_length_mla", c.v_head_dim);
  w.integer("rope.dimension_count", c.qk_rope_head_dim);
  w.integer("leading_dense_block_count", c.first_k_dense_replace);
  w.integer("expert_count", c.n_routed_experts);
  w.integer("expert_used_count", c.num_experts_per_tok);
  w.integer("expert_shared_count", c.n_shared_experts);
  w.integer("expert_feed_forward_length", c.moe_intermediate_size);
  if (c.n_group > 1) {
    w.integer("expert_group_count", c.n_group);
    w.integer("expert_group_used_count", c.topk_group);
  }
  w.real("expert_weights_scale", c.routed_scaling_factor);
  w.metadata.add(w.arch + ".expert_weights_norm", c.norm_topk_prob);
  w.integer("expert_gating_func", c.router_bias() ? kSigmoidGating : kSoftmaxGating);
  refuse(!c.rope_interleave, "latent attention with rope in halves");
}

void write_grouped(const ModelConfig& c, const ArchWriter& w) {
  w.integer("attention.head_count_kv", c.kv_heads());
  w.integer("attention.key_length", c.query_dim());
  w.integer("attention.value_length", c.query_dim());
  w.integer("rope.dimension_count", c.query_dim());
  if (c.has_experts()) {
    refuse(!c.norm_topk_prob, "Qwen3-MoE without norm_topk_prob");
    refuse(c.first_k_dense_replace > 0, "Qwen3-MoE with dense layers");
    w.integer("expert_count", c.n_routed_experts);
    w.integer("expert_used_count", c.num_experts_per_tok);
    w.integer("expert_feed_forward_length", c.moe_intermediate_size);
  }
  if (!c.gemma()) {
    refuse(c.sliding_window > 0, "sliding windows of this architecture");
    return;
  }
  const double scalar =
      c.query_pre_attn_scalar > 0 ? c.query_pre_attn_scalar : static_cast<double>(c.query_dim());
  const int64_t told =
      c.num_hidden_layers == 62 ? c.hidden_size / c.num_attention_heads : c.query_dim();
  refuse(scalar != static_cast<double>(told), "this query_pre_attn_scalar of Gemma 3");
  refuse(c.rope_local_theta != kGemmaLocalBase, "this rope_local_base_freq of Gemma 3");
  w.integer("attention.sliding_window", c.sliding_window);
  for (int64_t i = 0; i < c.num_hidden_layers; ++i)
    refuse(c.sliding(i) != ((i + 1) % kGemmaPattern != 0), "this pattern of sliding layers");
}

}  // namespace

void write_gguf_config(const ModelConfig& c, GgufMetadata& metadata) {
  const ArchWriter w = {metadata, gguf_architecture(c)};
  w.integer("block_count", c.num_hidden_layers);
  w.integer("context_length", c.max_position_embeddings);
  w.integer("embedding_length", c.hidden_size);
  w.integer("feed_forward_length", c.intermediate_size);
  w.integer("attention.head_count", c.num_attention_heads);
  w.real("attention.layer_norm_rms_epsilon", c.rms_norm_eps);
  w.real("rope.freq_base", c.rope_theta);
  w.integer("vocab_size", c.vocab_size);
  c.latent_attention() ? write_latent(c, w) : write_grouped(c, w);
  write_scaling(c, w);
}

}  // namespace cohort
