// What a GGUF file says of a pre-tokenizer is a name; these are the components that it stands for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

// The `normalizer`, `pre_tokenizer` and `ignore_merges` that belong to `tokenizer.ggml.pre`, as a
// JSON object. Null for a name that is not known.
nlohmann::json gguf_pretokenizer(std::string_view name);
// All that are known; of names for the same components the first is the one to write.
std::vector<std::string> gguf_pretokenizer_names();

}  // namespace cohort
