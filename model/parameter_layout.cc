#include "model/parameter_layout.h"

#include "core/base/error.h"

namespace cohort {
namespace {

// More than any model has, so that sums of sizes cannot overflow.
constexpr int64_t kMostElements = int64_t{1} << 40;

class LayoutBuilder {
 public:
  explicit LayoutBuilder(const ModelConfig& config) : c_(config) {}

  ParameterLayout build() {
    matrix("model.embed_tokens", c_.vocab_size, c_.hidden_size);
    for (int64_t i = 0; i < c_.num_hidden_layers; ++i) decoder_layer(i, c_.is_moe(i));
    norm("model.norm", c_.hidden_size);
    if (!c_.tie_word_embeddings) matrix("lm_head", c_.vocab_size, c_.hidden_size);
    if (c_.num_nextn_predict_layers > 0) mtp_module();
    return std::move(layout_);
  }

 private:
  struct Part {
    std::string name;
    int64_t rows;
  };

  void tensor(const std::string& name, std::vector<int64_t> shape,
              RandomInit init = RandomInit::normal, Sharding sharding = Sharding::replicated) {
    int64_t numel = 1;
    for (int64_t size : shape)
      if (__builtin_mul_overflow(numel, size, &numel) || numel > kMostElements)
        throw_error<InputError>("tensor {} of the configuration has the shape [{}]", name,
                                fmt::join(shape, ", "));
    layout_.tensors.push_back({.name = name,
                               .shape = std::move(shape),
                               .offset = layout_.numel,
                               .numel = numel,
                               .sharding = sharding,
                               .decay = init == RandomInit::normal,
                               .init = init,
                               .mtp = mtp_});
    layout_.numel += numel;
  }
  // Begins a block here; its tensors must follow.
  void block(const std::string& name, std::vector<int64_t> shape) {
    layout_.blocks.push_back(
        {.name = name, .offset = layout_.numel, .shape = std::move(shape), .mtp = mtp_});
  }
  void norm(const std::string& name, int64_t width) {
    block(name, {width});
    tensor(name + ".weight", {width}, c_.gemma() ? RandomInit::zeros : RandomInit::ones);
  }
  void matrix(const std::string& name, int64_t rows, int64_t columns) {
    block(name, {rows, columns});
    tensor(name + ".weight", {rows, columns});
  }
  // "<prefix><part>.bias" of each part, one block.
  void biases(const std::string& name, const std::vector<Part>& parts) {
    int64_t rows = 0;
    for (const Part& part : parts) rows += part.rows;
    block(name, {rows});
    for (const Part& part : parts) tensor(part.name + ".bias", {part.rows}, RandomInit::zeros);
  }
  // Matrices with the same input, one block.
  void fused(const std::string& name, const std::vector<Part>& parts, int64_t columns) {
    int64_t rows = 0;
    for (const Part& part : parts) rows += part.rows;
    block(name, {rows, columns});
    for (const Part& part : parts) tensor(part.name + ".weight", {part.rows, columns});
  }

  void swiglu(const std::string& prefix, int64_t width) {
    fused(prefix + "gate_up_proj", {{prefix + "gate_proj", width}, {prefix + "up_proj", width}},
          c_.hidden_size);
    matrix(prefix + "down_proj", c_.hidden_size, width);
  }

  void experts(const std::string& prefix) {
    const int64_t width = c_.moe_intermediate_size, count = c_.n_routed_experts;
    block(prefix + "gate_up", {count, 2 * width, c_.hidden_size});
    for (int64_t e = 0; e < count; ++e)
      for (const char* part : {"gate_proj", "up_proj"})
        tensor(fmt::format("{}{}.{}.weight", prefix, e, part), {width, c_.hidden_size},
               RandomInit::normal, Sharding::expert);
    block(prefix + "down", {count, c_.hidden_size, width});
    for (int64_t e = 0; e < count; ++e)
      tensor(fmt::format("{}{}.down_proj.weight", prefix, e), {c_.hidden_size, width},
             RandomInit::normal, Sharding::expert);
  }

  void grouped_attention(const std::string& prefix) {
    const int64_t q = c_.num_attention_heads * c_.query_dim(), kv = c_.kv_heads() * c_.query_dim();
    const std::vector<Part> parts = {
        {prefix + "q_proj", q}, {prefix + "k_proj", kv}, {prefix + "v_proj", kv}};
    fused(prefix + "qkv", parts, c_.hidden_size);
    if (c_.qkv_bias()) biases(prefix + "qkv.bias", parts);
    if (c_.qk_norm()) {
      norm(prefix + "q_norm", c_.query_dim());
      norm(prefix + "k_norm", c_.query_dim());
    }
    matrix(prefix + "o_proj", c_.hidden_size, q);
    if (c_.o_bias()) biases(prefix + "o_proj.bias", {{prefix + "o_proj", c_.hidden_size}});
  }

  void latent_attention(const std::string& prefix) {
    const int64_t heads = c_.num_attention_heads;
    const int64_t q_rows = heads * (c_.qk_nope_head_dim + c_.qk_rope_head_dim);
    const Part kv_a = {prefix + "kv_a_proj_with_mqa", c_.kv_lora_rank + c_.qk_rope_head_dim};
    if (c_.q_lora_rank > 0) {
      fused(prefix + "qkv_a", {{prefix + "q_a_proj", c_.q_lora_rank}, kv_a}, c_.hidden_size);
      norm(prefix + "q_a_layernorm", c_.q_lora_rank);
      matrix(prefix + "q_b_proj", q_rows, c_.q_lora_rank);
    } else {
      fused(prefix + "qkv_a", {{prefix + "q_proj", q_rows}, kv_a}, c_.hidden_size);
    }
    norm(prefix + "kv_a_layernorm", c_.kv_lora_rank);
    matrix(prefix + "kv_b_proj", heads * (c_.qk_nope_head_dim + c_.v_head_dim), c_.kv_lora_rank);
    matrix(prefix + "o_proj", c_.hidden_size, heads * c_.v_head_dim);
  }

  void decoder_layer(int64_t index, bool moe) {
    const std::string prefix = layer_prefix(index);
    norm(prefix + "input_layernorm", c_.hidden_size);
    c_.latent_attention() ? latent_attention(prefix + "self_attn.")
                          : grouped_attention(prefix + "self_attn.");
    norm(prefix + "post_attention_layernorm", c_.hidden_size);
    if (c_.gemma()) {
      norm(prefix + "pre_feedforward_layernorm", c_.hidden_size);
      norm(prefix + "post_feedforward_layernorm", c_.hidden_size);
    }
    if (!moe) return swiglu(prefix + "mlp.", c_.intermediate_size);
    matrix(prefix + "mlp.gate", c_.n_routed_experts, c_.hidden_size);
    if (c_.router_bias())
      layout_.router_biases.push_back(prefix + "mlp.gate.e_score_correction_bias");
    experts(prefix + "mlp.experts.");
    if (c_.n_shared_experts > 0)
      swiglu(prefix + "mlp.shared_experts.", c_.n_shared_experts * c_.moe_intermediate_size);
  }

  void mtp_module() {
    mtp_ = true;
    const std::string prefix = layer_prefix(mtp_layer(c_));
    norm(prefix + "enorm", c_.hidden_size);
    norm(prefix + "hnorm", c_.hidden_size);
    matrix(prefix + "eh_proj", c_.hidden_size, 2 * c_.hidden_size);
    decoder_layer(mtp_layer(c_), /*moe=*/true);
    norm(prefix + "shared_head.norm", c_.hidden_size);
  }

  const ModelConfig& c_;
  ParameterLayout layout_;
  bool mtp_ = false;
};

}  // namespace

std::string layer_prefix(int64_t layer) { return fmt::format("model.layers.{}.", layer); }

ParameterLayout make_parameter_layout(const ModelConfig& config) {
  COHORT_CHECK(config.vocab_size > 0, "the vocabulary's size is not known yet");
  return LayoutBuilder(config).build();
}

std::map<std::string, std::string> repeated_tensors(const ModelConfig& config) {
  const std::string embedding = "model.embed_tokens.weight", head = "lm_head.weight";
  std::map<std::string, std::string> same;
  if (config.tie_word_embeddings) same[head] = embedding;
  if (config.num_nextn_predict_layers > 0) {
    const std::string prefix = layer_prefix(mtp_layer(config));
    same[prefix + "embed_tokens.weight"] = embedding;
    same[prefix + "shared_head.head.weight"] = config.tie_word_embeddings ? embedding : head;
  }
  return same;
}

}  // namespace cohort
