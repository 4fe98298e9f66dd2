// The shape of a model in a GGUF file's metadata, read and written as llama.cpp does:
// docs/formats.md.
#pragma once

#include "core/io/gguf.h"
#include "model/model_config.h"

namespace cohort {

// Throws InputError naming the file, the key, the value and what was expected: for architectures
// that are not known, and keys whose mathematics is not implemented.
ModelConfig read_gguf_config(const GgufFile& file);

// Adds the architecture's keys, without general.* of the file and tokenizer.*. Throws InputError
// for what GGUF cannot express (Qwen3-MoE without norm_topk_prob, Gemma of another window
// pattern...).
void write_gguf_config(const ModelConfig& config, GgufMetadata& metadata);

// rope_freqs.weight: what Llama 3.1's frequencies are divided by, [head_dim / 2]; empty for other
// models.
std::vector<float> rope_divisors(const ModelConfig& config);

}  // namespace cohort
