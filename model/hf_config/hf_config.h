// Parts of reading and writing config.json that families share. ModelConfig::from_hf and to_hf are
// the entries; rules between keys are ModelConfig's. Reference: transformers 5.23.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/hf_config/key_reader.h"
#include "model/model_config.h"

namespace cohort {

// Keys of each family, after read_common.
void read_deepseek_keys(const KeyReader& r, ModelConfig& c);
void read_llama_keys(const KeyReader& r, ModelConfig& c);   // Llama, Qwen2, Qwen3, Qwen3-MoE
void read_gemma3_keys(const KeyReader& r, ModelConfig& c);  // also reads rope

// rope_theta, with rope_scaling (the old spelling) or rope_parameters (of transformers 5); where
// two of them speak of one thing they must agree.
void read_rope(const KeyReader& r, ModelConfig& c);
// One such object, with rope_theta inside or not.
void read_rope_object(const nlohmann::json& object, const std::string& place, ModelConfig& c);
// The old spelling, which every reader knows: rope_theta and rope_scaling.
void write_rope(const ModelConfig& c, nlohmann::json& config);

// Refuses a quantization_config but the one that load_hf_weights dequantises by: DeepSeek-V3's FP8
// in blocks. Nothing of it is kept, as the tensors tell which of them are quantised.
void read_quantization(const KeyReader& r);

// layer_types, or empty where the file has none.
std::vector<std::string> read_layer_types(const KeyReader& r);

void write_deepseek_keys(const ModelConfig& c, nlohmann::json& config);
void write_llama_keys(const ModelConfig& c, nlohmann::json& config);
void write_gemma3_keys(const ModelConfig& c, nlohmann::json& config);

}  // namespace cohort
