#include "model/hf_config_reader.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace cohort {
namespace {

using nlohmann::json;

// Reads typed keys of one object; a key that is null counts as absent.
class Reader {
 public:
  Reader(const json& object, std::string place) : object_(object), place_(std::move(place)) {}

  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  const json& at(const char* key) const { return object_[key]; }

  void read(const char* key, bool& value) const {
    if (!has(key)) return;
    if (!at(key).is_boolean()) fail(key, "true or false");
    value = at(key).get<bool>();
  }
  void read(const char* key, int64_t& value, int64_t low) const {
    if (!has(key)) return;
    if (!at(key).is_number_integer() || at(key).get<int64_t>() < low)
      fail(key, fmt::format("an integer, {} or more", low));
    value = at(key).get<int64_t>();
  }
  void read(const char* key, double& value, double low) const {
    if (!has(key)) return;
    if (!at(key).is_number() || !(at(key).get<double>() >= low))
      fail(key, fmt::format("a number, {} or more", low));
    value = at(key).get<double>();
  }
  template <class T, class Low>
  void require(const char* key, T& value, Low low) const {
    if (!has(key)) throw_error<InputError>("{}: {} is missing", place_, key);
    read(key, value, low);
  }
  // The one value whose mathematics is implemented; absent means that value.
  void only(const char* key, const json& supported) const {
    if (has(key) && at(key) != supported) fail(key, "only " + supported.dump() + " (supported)");
  }
  [[noreturn]] void fail(const char* key, const std::string& expected) const {
    throw_error<InputError>("{}: {} is {}, expected {}", place_, key, at(key).dump(), expected);
  }
  const std::string& place() const { return place_; }

 private:
  const json& object_;
  std::string place_;
};

void refuse_other_mathematics(const Reader& r) {
  r.only("model_type", "deepseek_v3");
  r.only("architectures", json::array({"DeepseekV3ForCausalLM"}));
  if (!r.has("model_type") && !r.has("architectures"))
    throw_error<InputError>("{}: neither model_type nor architectures says what model this is",
                            r.place());
  r.only("attention_bias", false);
  r.only("attention_dropout", 0.0);
  r.only("hidden_act", "silu");
  r.only("scoring_func", "sigmoid");
  r.only("topk_method", "noaux_tc");
  r.only("moe_layer_freq", 1);
  r.only("partial_rotary_factor", 1.0);
  if (r.has("quantization_config"))
    throw_error<InputError>(
        "{}: quantization_config is present; quantised weights are not supported, convert the "
        "folder to bfloat16 first",
        r.place());
  if (r.has("num_key_value_heads") && r.at("num_key_value_heads") != r.at("num_attention_heads"))
    r.fail("num_key_value_heads", "the value of num_attention_heads");
}

// `rope` is rope_scaling (old) or rope_parameters (transformers 5, with rope_theta inside); the
// kind is `rope_type` or, older, `type`.
void read_rope(const Reader& rope, ModelConfig& c) {
  rope.read("rope_theta", c.rope_theta, 1.0);
  std::string kind = "default";
  for (const char* key : {"type", "rope_type"})
    if (rope.has(key)) {
      if (!rope.at(key).is_string()) rope.fail(key, "a name");
      kind = rope.at(key).get<std::string>();
      if (kind != "yarn" && kind != "default") rope.fail(key, "yarn or default (supported)");
    }
  rope.only("partial_rotary_factor", 1.0);
  if (kind == "default") return;

  kernels::RopeConfig& y = c.yarn;
  rope.require("factor", y.factor, 1.0);
  rope.require("original_max_position_embeddings", y.original_max_position, int64_t{1});
  rope.read("beta_fast", y.beta_fast, 0.0);
  rope.read("beta_slow", y.beta_slow, 0.0);
  rope.read("mscale", y.mscale, 0.0);
  rope.read("mscale_all_dim", y.mscale_all_dim, 0.0);
  rope.only("truncate", true);
  if (rope.has("attention_factor")) rope.fail("attention_factor", "none (mscale gives it)");
  // transformers takes both or neither for cos and sin, but mscale_all_dim alone for the softmax
  // scale.
  const bool has_mscale = rope.has("mscale") && y.mscale != 0;
  if (!has_mscale && y.mscale_all_dim != 0) rope.fail("mscale_all_dim", "none without mscale");
  if (y.mscale_all_dim == 0) y.mscale = 1;
}

}  // namespace

ModelConfig read_deepseek_v3_config(const json& config, const std::string& file) {
  if (!config.is_object()) throw_error<InputError>("{}: is not a JSON object", file);
  const Reader r(config, file);
  ModelConfig c;
  r.require("num_attention_heads", c.num_attention_heads, int64_t{1});
  refuse_other_mathematics(r);

  const auto dimension = [&](const char* key, int64_t& value) {
    r.require(key, value, int64_t{1});
  };
  dimension("vocab_size", c.vocab_size);
  dimension("hidden_size", c.hidden_size);
  dimension("intermediate_size", c.intermediate_size);
  dimension("num_hidden_layers", c.num_hidden_layers);
  dimension("kv_lora_rank", c.kv_lora_rank);
  dimension("qk_nope_head_dim", c.qk_nope_head_dim);
  dimension("qk_rope_head_dim", c.qk_rope_head_dim);
  dimension("v_head_dim", c.v_head_dim);
  dimension("moe_intermediate_size", c.moe_intermediate_size);
  dimension("n_routed_experts", c.n_routed_experts);
  dimension("n_shared_experts", c.n_shared_experts);
  dimension("num_experts_per_tok", c.num_experts_per_tok);
  dimension("n_group", c.n_group);
  dimension("topk_group", c.topk_group);
  r.require("first_k_dense_replace", c.first_k_dense_replace, int64_t{0});
  r.require("routed_scaling_factor", c.routed_scaling_factor, 0.0);
  c.q_lora_rank = 0;
  r.read("q_lora_rank", c.q_lora_rank, 1);
  r.read("norm_topk_prob", c.norm_topk_prob);
  r.read("tie_word_embeddings", c.tie_word_embeddings);
  r.read("rms_norm_eps", c.rms_norm_eps, 0.0);
  r.read("rope_interleave", c.rope_interleave);
  r.read("max_position_embeddings", c.max_position_embeddings, 1);
  r.read("initializer_range", c.initializer_range, 0.0);
  r.read("num_mtp_layers", c.num_nextn_predict_layers, 0);
  r.read("num_nextn_predict_layers", c.num_nextn_predict_layers, 0);
  if (c.num_nextn_predict_layers > 1) r.fail("num_nextn_predict_layers", "0 or 1 (supported)");

  r.read("rope_theta", c.rope_theta, 1.0);
  for (const char* key : {"rope_scaling", "rope_parameters"})
    if (r.has(key)) {
      if (!r.at(key).is_object()) r.fail(key, "an object");
      read_rope(Reader(r.at(key), file + ": " + key), c);
    }

  const auto token_id = [&](const char* key, int64_t& value) {
    if (r.has(key) && r.at(key).is_array() && !r.at(key).empty() &&
        r.at(key)[0].is_number_integer()) {
      value = r.at(key)[0].get<int64_t>();  // further ones are stop ids of generation_config.json
    } else {
      r.read(key, value, 0);
    }
  };
  token_id("bos_token_id", c.bos_token_id);
  token_id("eos_token_id", c.eos_token_id);
  token_id("pad_token_id", c.pad_token_id);
  return c;
}

}  // namespace cohort
