// Which tensor of a GGUF file gets which element type: the mixes that llama.cpp's quantiser makes
// when it has no importance matrix.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/gguf.h"

namespace cohort {

// The number is the value of `general.file_type`.
enum class GgufFileType : uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q8_0 = 7,
  q4_k_s = 14,
  q4_k_m = 15,
  q6_k = 18,
  bf16 = 32
};
const char* gguf_file_type_name(GgufFileType type);  // "F16", "Q4_K_M", ...
std::vector<std::string> gguf_file_type_names();     // of all
// The name in any case; empty when there is none such.
std::optional<GgufFileType> gguf_file_type_of(std::string_view name);

// What of a model decides; as in its metadata.
struct GgufModelFacts {
  std::string architecture;  // "llama", "qwen2", ...
  int64_t layers = 0;        // block_count
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t experts = 0;  // 0 for a dense model
  bool tied = false;    // no output.weight: the embedding serves as one
};

// `shape` is as in PyTorch. Norms, routers, biases and whatever has one extent are F32. A row that
// the blocks do not divide falls back: Q4_K to Q5_0, Q5_K to Q5_1, Q6_K to Q8_0, and all to F16
// when 32 does not divide it either.
GgmlType gguf_tensor_type(GgufFileType file_type, const GgufModelFacts& model,
                          std::string_view name, const std::vector<int64_t>& shape);

}  // namespace cohort
