// The built-in tokenizers are tokenizer.json files written here and read like any other, so what is
// saved is what was used.
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "model/tokenizer/bpe_tokenizer.h"
#include "model/tokenizer/byte_alphabet.h"

namespace cohort {
namespace {

using nlohmann::json;

// Specials come first, then one token a byte of `bytes`; no merges.
std::shared_ptr<const Tokenizer> byte_vocabulary(const std::string& bytes,
                                                 const std::vector<std::string>& special,
                                                 const std::string& place) {
  json vocabulary = json::object();
  json added = json::array();
  int32_t id = 0;
  const auto put = [&](const std::string& token) {
    if (vocabulary.contains(token))
      throw_error<ConfigError>("{}: token {} is listed twice", place, token);
    vocabulary[token] = id++;
  };
  for (const std::string& token : special) {
    if (token.empty()) throw_error<ConfigError>("{}: a special token is empty", place);
    added.push_back({{"id", id},
                     {"content", token},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
    put(token);
  }
  for (char byte : bytes) put(byte_spelling(static_cast<uint8_t>(byte)));

  const json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", false}};
  const json tokenizer = {{"version", "1.0"},
                          {"truncation", nullptr},
                          {"padding", nullptr},
                          {"added_tokens", added},
                          {"normalizer", nullptr},
                          {"pre_tokenizer", byte_level},
                          {"post_processor", nullptr},
                          {"decoder", byte_level},
                          {"model",
                           {{"type", "BPE"},
                            {"dropout", nullptr},
                            {"unk_token", nullptr},
                            {"continuing_subword_prefix", nullptr},
                            {"end_of_word_suffix", nullptr},
                            {"fuse_unk", false},
                            {"byte_fallback", false},
                            {"ignore_merges", false},
                            {"vocab", vocabulary},
                            {"merges", json::array()}}}};
  json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                 {"clean_up_tokenization_spaces", false},
                 {"model_max_length", 1000000000}};
  for (const auto& [key, token] : {std::pair{"eos_token", "<|eos|>"}, {"pad_token", "<pad>"}})
    if (vocabulary.contains(token)) config[key] = token;
  return std::make_shared<BpeTokenizer>(
      std::map<std::string, std::string>{{"tokenizer.json", tokenizer.dump(2) + "\n"},
                                         {"tokenizer_config.json", config.dump(2) + "\n"}},
      place);
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::characters(const std::string& alphabet,
                                                       const std::vector<std::string>& special) {
  for (char c : alphabet)
    if (static_cast<uint8_t>(c) >= 0x80)
      throw_error<ConfigError>("character tokenizer: the alphabet '{}' is not ASCII", alphabet);
  return byte_vocabulary(alphabet, special, "character tokenizer");
}

std::shared_ptr<const Tokenizer> Tokenizer::bytes(const std::vector<std::string>& special) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  return byte_vocabulary(every_byte, special, "byte tokenizer");
}

}  // namespace cohort
