// A model as a Hugging Face folder: config.json, model*.safetensors, tokenizer files.
#pragma once

#include <memory>
#include <string>

#include "model/parameter_store.h"

namespace cohort {

// Key of ModelConfig::hf_files for what neither config.json nor the model says of the folder's
// tensors, as a JSON list of names: those that repeat another one (a tied lm_head.weight, the MTP
// module's embedding and head), and router biases in bf16.
inline constexpr const char* kHfTensors = "tensors.json";

// With hf_files.
ModelConfig read_hf_config(const std::string& folder);
// Weights into the store (rounded to its dtype), tensor by tensor. Matrices in F8_E4M3 are
// dequantised by their NAME_scale_inv (docs/formats.md). A missing, surplus, misshapen or
// non-finite tensor is an InputError that names file and tensor. `masters_f32`: as WeightFiller's.
void load_hf_weights(const std::string& folder, ParameterStore& store,
                     at::Tensor* masters_f32 = nullptr);
// Writes config.json and generation_config.json (the config's hf_files where it has them, with the
// type of what is written), and model.safetensors with per-expert names (with the repetitions that
// kHfTensors lists; biases in bf16 where it lists them, `dtype` is that and nothing is lost).
// `flat` may be the masters (fp32) or the store's own buffer; dtype is what is written. The folder
// must not exist or be empty.
void save_hf_folder(const std::string& folder, const ParameterStore& store, const at::Tensor& flat,
                    at::ScalarType dtype);

}  // namespace cohort
