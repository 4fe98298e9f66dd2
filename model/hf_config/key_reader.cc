#include "model/hf_config/key_reader.h"

namespace cohort {
namespace {

// Keys that say nothing about how logits are computed at inference from given weights.
const std::set<std::string>& harmless_keys() {
  static const std::set<std::string> keys = {
      "_attn_implementation",
      "_commit_hash",
      "_name_or_path",
      "_sliding_window_pattern",
      "auto_map",
      "aux_loss_alpha",
      "bos_token",
      "cache_implementation",
      "chunk_size_feed_forward",
      "decoder_start_token_id",
      "dtype",
      "embd_pdrop",
      "eos_token",
      "ep_size",
      "finetuning_task",
      "hidden_dropout",
      "id2label",
      "initializer_range",
      "is_decoder",
      "is_encoder_decoder",
      "is_llama_config",
      "keys_to_ignore_at_inference",
      "label2id",
      "max_length",
      "min_length",
      "moe_layer_freq",
      "output_attentions",
      "output_hidden_states",
      "output_router_logits",
      "pad_token",
      "prefix",
      "pretraining_tp",
      "problem_type",
      "resid_pdrop",
      "return_dict",
      "router_aux_loss_coef",
      "router_jitter_noise",
      "rope_interleaved",
      "seq_aux",
      "sep_token_id",
      "task_specific_params",
      "tf_legacy_loss",
      "tokenizer_class",
      "torch_dtype",
      "torchscript",
      "transformers_version",
      "transformers.js_config",
      "unsloth_fixed",
      "unsloth_version",
      "trust_remote_code",
      "use_bfloat16",
      "use_cache",
  };
  return keys;
}

bool says_nothing(const nlohmann::json& value) {
  return value.is_null() || value == false || (value.is_structured() && value.empty());
}

}  // namespace

KeyReader::KeyReader(const nlohmann::json& object, std::string place)
    : object_(object), place_(std::move(place)) {
  if (!object.is_object()) throw_error<InputError>("{}: is not a JSON object", place_);
}

bool KeyReader::has(const char* key) const {
  asked_.insert(key);
  return object_.contains(key) && !object_[key].is_null();
}

bool KeyReader::absent(const char* key) const {
  asked_.insert(key);
  return !object_.contains(key);
}

void KeyReader::read(const char* key, bool& value) const {
  if (!has(key)) return;
  if (!at(key).is_boolean()) fail(key, "true or false");
  value = at(key).get<bool>();
}

void KeyReader::read(const char* key, int64_t& value, int64_t low) const {
  if (!has(key)) return;
  // Products of two of them stay within 64 bits.
  if (at(key).is_number_unsigned() && at(key).get<uint64_t>() > INT32_MAX)
    fail(key, fmt::format("an integer, {} or less", INT32_MAX));
  if (!at(key).is_number_integer() || at(key).get<int64_t>() < low)
    fail(key, fmt::format("an integer, {} or more", low));
  value = at(key).get<int64_t>();
}

void KeyReader::read(const char* key, double& value, double low) const {
  if (!has(key)) return;
  if (!at(key).is_number() || !(at(key).get<double>() >= low))
    fail(key, fmt::format("a number, {} or more", low));
  value = at(key).get<double>();
}

void KeyReader::read(const char* key, std::string& value) const {
  if (!has(key)) return;
  if (!at(key).is_string()) fail(key, "a name");
  value = at(key).get<std::string>();
}

void KeyReader::only(const char* key, const nlohmann::json& supported) const {
  if (has(key) && at(key) != supported) fail(key, "only " + supported.dump() + " (supported)");
}

void KeyReader::read_token_id(const char* key, int64_t& value) const {
  if (!has(key)) return;
  const nlohmann::json& given = at(key);
  const nlohmann::json ids = given.is_array() ? given : nlohmann::json::array({given});
  for (const nlohmann::json& id : ids)
    if (!id.is_number_integer() || (id.is_number_unsigned() && id.get<uint64_t>() > INT32_MAX) ||
        id.get<int64_t>() < -1)
      fail(key, "a token id, or a list of them");
  if (ids.empty()) fail(key, "a token id, or a list of them");
  value = ids[0].get<int64_t>();
}

void KeyReader::fail(const char* key, const std::string& expected) const {
  throw_error<InputError>("{}: {} is {}, expected {}", place_, key, at(key).dump(), expected);
}

void KeyReader::refuse_unknown() const {
  for (const auto& [key, value] : object_.items())
    if (!asked_.contains(key) && !harmless_keys().contains(key) && !says_nothing(value))
      throw_error<InputError>(
          "{}: unknown key {} is {}: it may change the mathematics; remove it where it does not",
          place_, key, value.dump());
}

}  // namespace cohort
