#include "model/gguf/tensor_names.h"

#include <map>

#include "core/base/error.h"

namespace cohort {
namespace {

// Parts of a layer, without ".weight" and ".bias".
const std::map<std::string, std::string>& layer_parts() {
  static const std::map<std::string, std::string> parts = {
      {"input_layernorm", "attn_norm"},
      {"post_attention_layernorm", "ffn_norm"},
      {"self_attn.q_proj", "attn_q"},
      {"self_attn.k_proj", "attn_k"},
      {"self_attn.v_proj", "attn_v"},
      {"self_attn.o_proj", "attn_output"},
      {"self_attn.q_norm", "attn_q_norm"},
      {"self_attn.k_norm", "attn_k_norm"},
      {"self_attn.q_a_proj", "attn_q_a"},
      {"self_attn.q_a_layernorm", "attn_q_a_norm"},
      {"self_attn.q_b_proj", "attn_q_b"},
      {"self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"},
      {"self_attn.kv_a_layernorm", "attn_kv_a_norm"},
      {"self_attn.kv_b_proj", "attn_kv_b"},
      {"mlp.gate_proj", "ffn_gate"},
      {"mlp.up_proj", "ffn_up"},
      {"mlp.down_proj", "ffn_down"},
      {"mlp.gate", "ffn_gate_inp"},
      {"mlp.shared_experts.gate_proj", "ffn_gate_shexp"},
      {"mlp.shared_experts.up_proj", "ffn_up_shexp"},
      {"mlp.shared_experts.down_proj", "ffn_down_shexp"},
  };
  return parts;
}

// Gemma's norms around each part; its post_attention_layernorm is another than everybody's.
const std::map<std::string, std::string>& gemma_parts() {
  static const std::map<std::string, std::string> parts = {
      {"post_attention_layernorm", "post_attention_norm"},
      {"pre_feedforward_layernorm", "ffn_norm"},
      {"post_feedforward_layernorm", "post_ffw_norm"},
  };
  return parts;
}

bool take_prefix(std::string& text, const std::string& prefix) {
  if (!text.starts_with(prefix)) return false;
  text.erase(0, prefix.size());
  return true;
}

// The digits that text begins with, and the dot behind them.
int64_t take_number(std::string& text) {
  const size_t dot = text.find('.');
  const int64_t number = std::stoll(text.substr(0, dot));
  text.erase(0, dot + 1);
  return number;
}

}  // namespace

std::string gguf_architecture(const ModelConfig& c) {
  if (c.latent_attention()) return "deepseek2";
  if (c.arch == "qwen3_moe") return "qwen3moe";
  if (c.gemma()) return "gemma3";
  return c.arch;
}

KvBNames kv_b_names(const std::string& whole) {
  const std::string prefix = whole.substr(0, whole.find("attn_kv_b"));
  return {prefix + "attn_k_b.weight", prefix + "attn_v_b.weight"};
}

GgufPlace gguf_place(const ModelConfig& c, const std::string& hf_name) {
  if (hf_name == "model.embed_tokens.weight") return {"token_embd.weight"};
  if (hf_name == "lm_head.weight") return {"output.weight"};
  const bool norm = hf_name.ends_with("norm.weight");
  const GgufChange norm_change = c.gemma() && norm ? GgufChange::plus_one : GgufChange::none;
  if (hf_name == "model.norm.weight") return {"output_norm.weight", norm_change};

  std::string rest = hf_name;
  COHORT_CHECK(take_prefix(rest, "model.layers."), "no GGUF name for {}", hf_name);
  const std::string prefix = fmt::format("blk.{}.", take_number(rest));
  if (rest == "mlp.gate.e_score_correction_bias") return {prefix + "exp_probs_b.bias"};
  const std::string suffix = rest.substr(rest.rfind('.'));  // .weight or .bias
  rest.resize(rest.size() - suffix.size());
  if (take_prefix(rest, "mlp.experts.")) {
    const int64_t expert = take_number(rest);
    const std::string part = rest.substr(0, rest.find('_'));  // gate, up, down
    return {fmt::format("{}ffn_{}_exps.weight", prefix, part), GgufChange::none, expert};
  }
  const auto& special = gemma_parts();
  const bool gemma_part = c.gemma() && special.contains(rest);
  const auto found = gemma_part ? special.find(rest) : layer_parts().find(rest);
  COHORT_CHECK(found != (gemma_part ? special : layer_parts()).end(), "no GGUF name for {}",
               hf_name);
  GgufChange change = norm_change;
  if (c.arch == "llama" && (rest == "self_attn.q_proj" || rest == "self_attn.k_proj"))
    change = GgufChange::paired_rows;
  if (rest == "self_attn.kv_b_proj") change = GgufChange::kv_b_split;
  return {prefix + found->second + suffix, change};
}

}  // namespace cohort
