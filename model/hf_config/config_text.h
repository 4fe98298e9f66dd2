// config.json as it was read from a Hugging Face folder, for weights in another type: what must
// differ does, and every other byte is kept.
#pragma once

#include <string>
#include <string_view>

#include "model/model_config.h"

namespace cohort {

// `text` is a valid JSON object. Of every outermost member named `key`: its value is replaced by
// `value`, or it goes, with its comma and its line.
std::string replace_json_member(const std::string& text, std::string_view key,
                                std::string_view value);
std::string remove_json_member(const std::string& text, std::string_view key);

// What is written as config.json of a model with weights in `dtype` ("float32" or "bfloat16"): the
// text of hf_files where there is one, else what to_hf() says. In the text dtype and torch_dtype
// are made to say `dtype`, where they say something, and quantization_config goes, since plain
// weights are written. A count of MTP modules that were not there stays. Throws InputError for a
// text that is not of this model.
std::string hf_config_text(const ModelConfig& config, const std::string& dtype);

}  // namespace cohort
