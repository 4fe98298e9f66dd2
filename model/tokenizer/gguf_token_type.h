// tokenizer.ggml.token_type of a GGUF file, an entry a token: llama.cpp's numbers.
#pragma once

#include <cstdint>

namespace cohort {

enum GgufTokenType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,  // special
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6  // <0xNN>
};

}  // namespace cohort
