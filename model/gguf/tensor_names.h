// Where a tensor of ours (Hugging Face's name) lies in a GGUF file, and what becomes of it on the
// way. Names and changes are llama.cpp's, for its architectures llama, qwen2, qwen3, qwen3moe,
// deepseek2 and gemma3: docs/formats.md.
#pragma once

#include <cstdint>
#include <string>

#include "model/model_config.h"

namespace cohort {

enum class GgufChange {
  none,
  // Rows of each head from halves to neighbouring pairs: row 2 i + j is our row j D / 2 + i.
  // llama.cpp rotates pairs for its architecture llama; Hugging Face rotates halves.
  paired_rows,
  plus_one,   // Gemma's norms: the factor 1 + w
  kv_b_split  // MLA's kv_b_proj, as attn_k_b (each head's transpose) and attn_v_b
};

struct GgufPlace {
  std::string name;
  GgufChange change = GgufChange::none;
  int64_t expert = -1;  // its place in a stack of all experts; -1: a tensor of its own
};

// For a kv_b_proj the name is that of the old layout, unsplit. CheckError for a name that is not of
// such a model (of MTP modules, which are not written).
GgufPlace gguf_place(const ModelConfig& config, const std::string& hf_name);

// What a kv_b_proj is split into, from the name of the whole.
struct KvBNames {
  std::string key, value;
};
KvBNames kv_b_names(const std::string& whole);

// general.architecture of each arch, "" for none.
std::string gguf_architecture(const ModelConfig& config);

}  // namespace cohort
