// A tokenizer.json put together: added tokens, normalizer, pre-tokenizer, byte-pair encoding,
// decoder.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/bpe_model.h"
#include "model/tokenizer/pretokenizer.h"
#include "model/tokenizer/token_decoder.h"
#include "model/tokenizer/tokenizer.h"

namespace cohort {

class BpeTokenizer : public Tokenizer {
 public:
  // `files`: contents by file name, with tokenizer.json among them; `place` is for messages.
  BpeTokenizer(std::map<std::string, std::string> files, const std::string& place);

  std::vector<int32_t> encode(std::string_view text, bool special_as_text) const override;
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override;
  std::unique_ptr<StreamDecoder> stream_decoder(bool skip_special) const override;
  int64_t vocab_size() const override { return static_cast<int64_t>(tokens_.size()); }
  int32_t id_of(std::string_view token) const override;
  int32_t bos_id() const override { return bos_id_; }
  int32_t eos_id() const override { return eos_id_; }
  int32_t pad_id() const override { return pad_id_; }
  const std::map<std::string, std::string>& files() const override { return files_; }

 private:
  BpeTokenizer(std::map<std::string, std::string> files, const std::string& place,
               const nlohmann::json& tokenizer);
  void check_added_ids(const std::string& file) const;
  void fill_tokens(const nlohmann::json& vocabulary);
  int32_t configured_token(const nlohmann::json& config, const char* key,
                           const std::string& place) const;

  struct Token {
    std::string text;  // as the decoder takes it
    bool known = false, special = false;
  };
  // Null for an id that gives no text.
  const Token* token_of(int32_t id, bool skip_special) const;

  class Stream;
  std::map<std::string, std::string> files_;
  Pretokenizer pretokenizer_;
  AddedTokens added_;
  BpeModel model_;
  TokenDecoder decoder_;
  std::vector<Token> tokens_;  // by id
  int32_t bos_id_ = -1, eos_id_ = -1, pad_id_ = -1;
};

}  // namespace cohort
