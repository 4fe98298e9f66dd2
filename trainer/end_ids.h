// The tokens that end a completion.
#pragma once

#include <cstdint>
#include <vector>

#include "model/model_config.h"
#include "model/tokenizer/tokenizer.h"

namespace cohort {

// The tokenizer's end of sequence, and every eos_token_id of the model's config.json and
// generation_config.json: Llama 3's and Gemma 3's end of a turn stand there alone. Ascending.
// Throws InputError for a generation_config.json that names no ids there.
std::vector<int64_t> end_ids(const Tokenizer& tokenizer, const ModelConfig& config);

}  // namespace cohort
