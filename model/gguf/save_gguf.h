// A model as one GGUF file that llama.cpp reads.
#pragma once

#include <string>

#include "core/io/gguf/file_type.h"
#include "model/parameter_store.h"
#include "model/tokenizer/tokenizer.h"

namespace cohort {

// `masters` are the fp32 values in the store's flat order, in host memory. The embedding has a row
// for every token of the vocabulary; rows beyond the tokenizer's are named [PADn]. MTP modules are
// left out. Throws InputError for a model or tokenizer that GGUF cannot express, and for a value
// that its tensor's type cannot, naming both.
void save_gguf(const std::string& path, const ParameterStore& store, const at::Tensor& masters,
               const Tokenizer& tokenizer, GgufFileType type, const std::string& name);

}  // namespace cohort
