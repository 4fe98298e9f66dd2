// The decoder of a tokenizer.json: tokens to text, one at a time, so that the text of a sequence
// and the sum of what a stream gave are made by the same code.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/replacement.h"

namespace cohort {

class TokenDecoder {
 public:
  // Supported: ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip (at the start), and a
  // Sequence of them in which ByteLevel stands alone and no Replace follows Fuse. Throws InputError
  // naming `file` and the component otherwise.
  TokenDecoder(const nlohmann::json& config, const std::string& file);

  // A sequence that is being decoded.
  struct State {
    bool begun = false;
    std::string held;           // bytes that are not yet a character
    std::vector<int64_t> left;  // by step: what Strip may still take
  };
  State begin() const;
  // What push() takes for a token of the vocabulary: its bytes with ByteLevel, else itself.
  std::string prepared(const std::string& token) const;
  // Appends to `out` the text that is complete with this token, and at last the rest.
  void push(State& state, std::string_view token, std::string& out) const;
  void finish(State& state, std::string& out) const;

 private:
  enum class Kind { byte_level, metaspace, replace, byte_fallback, fuse, strip };
  struct Step {
    Kind kind;
    std::vector<Replacement> replacement = {};  // of replace: one
    std::string character = {};                 // of metaspace and strip
    bool drops_first = false;                   // of metaspace: marks of the first token
    int64_t count = 0;                          // of strip
    bool once = false;  // of strip: all tokens are one by now, so there is one start
  };
  void add(const nlohmann::json& config, const std::string& file);
  void push_from(size_t step, State& state, std::string_view token, std::string& out) const;
  void flush_bytes(size_t step, State& state, std::string& out) const;

  std::vector<Step> steps_;
  bool fused_ = false;  // while reading: a Fuse came
};

}  // namespace cohort
