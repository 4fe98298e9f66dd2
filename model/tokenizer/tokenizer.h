// Text to ids and back, from a Hugging Face tokenizer.json or a GGUF file: byte-pair encoding over
// bytes (GPT-2, Qwen, Llama 3, DeepSeek, SmolLM) or characters (Llama 2, Gemma). What the
// components of the file mean is what the `tokenizers` library does with them (docs/formats.md); a
// component that is not known here is an InputError that names it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

class GgufMetadata;

// Text of a sequence that is still being made.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  // The text that this id completes, maybe empty: an unfinished character is held back, and a run
  // of byte tokens (<0xNN>) until its end, since one bad byte spoils all of it. Always valid UTF-8.
  virtual std::string push(int32_t id) = 0;
  // What was held back. The sum of all is what decode() gives for all the ids; the next push()
  // begins another sequence.
  virtual std::string finish() = 0;
};

class Tokenizer {
 public:
  // A folder with tokenizer.json (or a .gz of it) and maybe tokenizer_config.json; or a GGUF file,
  // known by its name's end.
  static std::shared_ptr<const Tokenizer> load(const std::string& path);
  // From the keys tokenizer.* of a GGUF file: its tokenizer.huggingface.json where it has one, else
  // what it says of tokens, types, merges or scores, and the pre-tokenizer that it names.
  static std::shared_ptr<const Tokenizer> from_gguf(const GgufMetadata& metadata);
  // The built-in ones: every character of `alphabet` (ASCII) is a token, after the special tokens,
  // in order.
  static std::shared_ptr<const Tokenizer> characters(const std::string& alphabet,
                                                     const std::vector<std::string>& special);
  // 256 bytes after the special tokens.
  static std::shared_ptr<const Tokenizer> bytes(const std::vector<std::string>& special);
  virtual ~Tokenizer() = default;

  // Ids of valid UTF-8 of at most 1 GiB; nothing is put before or after. Added tokens in the text
  // are recognised: text of a stranger that contains <|im_end|> ends the message. With
  // `special_as_text` those that are special stay text (added tokens that are not special are
  // words, and recognised all the same). Throws InputError for text that is not UTF-8 (saying
  // where), and for a character that has no token in a vocabulary of characters alone, such as the
  // built-in ones; elsewhere what nothing stands for is left out.
  virtual std::vector<int32_t> encode(std::string_view text,
                                      bool special_as_text = false) const = 0;
  // Always valid UTF-8: bytes that are not become U+FFFD. An id that is no token gives nothing.
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special = false) const = 0;
  // The tokenizer must outlive it.
  virtual std::unique_ptr<StreamDecoder> stream_decoder(bool skip_special = false) const = 0;

  virtual int64_t vocab_size() const = 0;  // highest id + 1
  virtual int32_t id_of(
      std::string_view token) const = 0;  // as the file spells it; -1 when unknown
  virtual int32_t bos_id() const = 0;     // -1 when none, as the next two
  virtual int32_t eos_id() const = 0;
  virtual int32_t pad_id() const = 0;
  // tokenizer.json, tokenizer_config.json and what else belongs to them, by name; of a loaded one,
  // byte for byte.
  virtual const std::map<std::string, std::string>& files() const = 0;
  // Writes the files.
  void save(const std::string& folder) const;
  // Adds the keys tokenizer.* of a model with `rows` rows of embedding; rows without a token are
  // named [PADn]. Throws InputError where llama.cpp has no name for what cuts text into pieces.
  void write_gguf(int64_t rows, GgufMetadata& metadata) const;
};

}  // namespace cohort
