#include "model/hf_config/hf_config.h"

#include <algorithm>
#include <map>

namespace cohort {
namespace {

using nlohmann::json;

// A list of names is made of so many: a number that no model has is no reason to run out of memory.
constexpr int64_t kMostLayers = 10000;

// architectures of each arch.
const char* class_name(const std::string& arch) {
  static const std::map<std::string, const char*> names = {{"deepseek_v3", "DeepseekV3ForCausalLM"},
                                                           {"deepseek_v2", "DeepseekV2ForCausalLM"},
                                                           {"llama", "LlamaForCausalLM"},
                                                           {"qwen2", "Qwen2ForCausalLM"},
                                                           {"qwen3", "Qwen3ForCausalLM"},
                                                           {"qwen3_moe", "Qwen3MoeForCausalLM"},
                                                           {"gemma3_text", "Gemma3ForCausalLM"}};
  return names.at(arch);
}

// model_type and architectures must agree; one of them may be missing.
std::string read_arch(const KeyReader& r) {
  std::string arch;
  r.read("model_type", arch);
  const std::vector<std::string> known = model_archs();
  if (!arch.empty() && std::ranges::find(known, arch) == known.end())
    r.fail("model_type", fmt::format("{} (supported)", fmt::join(known, ", ")));
  if (r.has("architectures")) {
    for (const std::string& candidate : known)
      if (arch.empty() && r.at("architectures") == json::array({class_name(candidate)}))
        arch = candidate;
    if (arch.empty()) r.fail("architectures", "one model class that is supported");
    r.only("architectures", json::array({class_name(arch)}));
  }
  if (arch.empty())
    throw_error<InputError>("{}: neither model_type nor architectures says what model this is",
                            r.place());
  return arch;
}

void read_common(const KeyReader& r, ModelConfig& c) {
  read_quantization(r);
  r.require("num_attention_heads", c.num_attention_heads, int64_t{1});
  r.require("vocab_size", c.vocab_size, int64_t{1});
  r.require("hidden_size", c.hidden_size, int64_t{1});
  r.require("intermediate_size", c.intermediate_size, int64_t{1});
  r.require("num_hidden_layers", c.num_hidden_layers, int64_t{1});
  if (c.num_hidden_layers > kMostLayers)
    r.fail("num_hidden_layers", fmt::format("{} or fewer", kMostLayers));
  c.tie_word_embeddings = c.gemma();
  r.read("tie_word_embeddings", c.tie_word_embeddings);
  r.read("rms_norm_eps", c.rms_norm_eps, 0.0);
  r.read("max_position_embeddings", c.max_position_embeddings, 1);
  r.read("initializer_range", c.initializer_range, 0.0);
  r.only("attention_dropout", 0.0);
  r.only("mlp_bias", false);
  r.read_token_id("bos_token_id", c.bos_token_id);
  r.read_token_id("eos_token_id", c.eos_token_id);
  r.read_token_id("pad_token_id", c.pad_token_id);
}

}  // namespace

std::vector<std::string> read_layer_types(const KeyReader& r) {
  std::vector<std::string> types;
  if (!r.has("layer_types")) return types;
  if (!r.at("layer_types").is_array()) r.fail("layer_types", "a list of names");
  for (const json& type : r.at("layer_types")) {
    if (!type.is_string()) r.fail("layer_types", "a list of names");
    types.push_back(type.get<std::string>());
  }
  return types;
}

ModelConfig ModelConfig::from_hf(const json& config, const std::string& file) {
  const KeyReader r(config, file);
  ModelConfig c;
  c.arch = read_arch(r);
  read_common(r, c);
  if (c.latent_attention()) {
    read_deepseek_keys(r, c);
  } else if (c.gemma()) {
    read_gemma3_keys(r, c);
  } else {
    read_llama_keys(r, c);
  }
  r.refuse_unknown();
  c.check(file);
  return c;
}

json ModelConfig::to_hf(const std::string& dtype) const {
  const auto id_or_null = [](int64_t id) { return id < 0 ? json() : json(id); };
  json j = {{"architectures", {class_name(arch)}},
            {"model_type", arch},
            {"vocab_size", vocab_size},
            {"hidden_size", hidden_size},
            {"intermediate_size", intermediate_size},
            {"num_hidden_layers", num_hidden_layers},
            {"num_attention_heads", num_attention_heads},
            {"num_key_value_heads", kv_heads()},
            {"tie_word_embeddings", tie_word_embeddings},
            {"rms_norm_eps", rms_norm_eps},
            {"max_position_embeddings", max_position_embeddings},
            {"initializer_range", initializer_range},
            {"attention_bias", attention_bias},
            {"attention_dropout", 0.0},
            {"use_cache", true},
            {"bos_token_id", id_or_null(bos_token_id)},
            {"eos_token_id", id_or_null(eos_token_id)},
            {"pad_token_id", id_or_null(pad_token_id)},
            {"torch_dtype", dtype}};
  write_rope(*this, j);
  if (latent_attention()) {
    write_deepseek_keys(*this, j);
  } else if (gemma()) {
    write_gemma3_keys(*this, j);
  } else {
    write_llama_keys(*this, j);
  }
  return j;
}

}  // namespace cohort
