// A model as a Hugging Face folder: config.json, model*.safetensors, tokenizer files.
#pragma once

#include <memory>
#include <string>

#include "model/parameter_store.h"

namespace cohort {

ModelConfig read_hf_config(const std::string& folder);
// Weights into the store (rounded to its dtype). A missing, surplus, misshapen or non-finite tensor
// is an InputError that names file and tensor. `masters_f32`, when not null, receives fp32 values
// in flat order, in host memory.
void load_hf_weights(const std::string& folder, ParameterStore& store,
                     at::Tensor* masters_f32 = nullptr);
// Writes config.json and generation_config.json (the config's hf_files where it has them, with the
// type of what is written), and model.safetensors with per-expert names. `flat`
// may be the masters (fp32) or the store's own buffer; dtype is what is written. The folder must
// not exist or be empty.
void save_hf_folder(const std::string& folder, const ParameterStore& store, const at::Tensor& flat,
                    at::ScalarType dtype);

}  // namespace cohort
