// Text to ids and back, from a Hugging Face tokenizer.json. Supported here: byte-level BPE (with or
// without merges) and added tokens; any other component is an InputError that names it. The oracle
// is PyPI `tokenizers`.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

class Tokenizer {
 public:
  // FOLDER/tokenizer.json (or a .gz of it) with tokenizer_config.json where present.
  static std::shared_ptr<const Tokenizer> load(const std::string& folder);
  // The built-in ones: every character of `alphabet` (ASCII) is a token, after the special tokens,
  // in order.
  static std::shared_ptr<const Tokenizer> characters(const std::string& alphabet,
                                                     const std::vector<std::string>& special);
  // 256 bytes after the special tokens.
  static std::shared_ptr<const Tokenizer> bytes(const std::vector<std::string>& special);
  virtual ~Tokenizer() = default;

  // Added tokens in the text are recognised; nothing is put before or after. Throws InputError when
  // a character has no token (a character tokenizer), naming it.
  virtual std::vector<int32_t> encode(std::string_view text) const = 0;
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special = false) const = 0;
  virtual int64_t vocab_size() const = 0;                   // highest id + 1
  virtual int32_t id_of(std::string_view token) const = 0;  // -1 when unknown
  virtual int32_t eos_id() const = 0;                       // -1 when none
  virtual int32_t pad_id() const = 0;
  // Writes tokenizer.json and tokenizer_config.json; a loaded one keeps its files byte for byte.
  virtual void save(const std::string& folder) const = 0;
};

}  // namespace cohort
