#include "model/tokenizer/bpe_tokenizer.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "model/tokenizer/byte_alphabet.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr const char* kTokenizerFile = "tokenizer.json";
constexpr const char* kConfigFile = "tokenizer_config.json";

json parse(const std::string& text, const std::string& name) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded() || !value.is_object())
    throw_error<InputError>("{}: is not a JSON object", name);
  return value;
}

void check_components(const json& tokenizer, const std::string& file) {
  for (const char* key : {"truncation", "padding"})
    if (tokenizer.contains(key) && !tokenizer[key].is_null())
      throw_error<InputError>("{}: {} {} is not supported", file, key, tokenizer[key].dump());
  const json decoder = tokenizer.value("decoder", json());
  if (!decoder.is_object() || decoder.value("type", "") != "ByteLevel")
    throw_error<InputError>("{}: decoder {} is not supported, only ByteLevel", file,
                            decoder.is_object() ? decoder.value("type", "") : decoder.dump());
  // The post_processor puts tokens around the text only when special tokens are asked for, which
  // encode() never does.
}

size_t first_invalid_utf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const size_t length = next_utf8(text, i).length;
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

}  // namespace

BpeTokenizer::BpeTokenizer(std::map<std::string, std::string> files, const std::string& place)
    : BpeTokenizer(files, place, parse(files.at(kTokenizerFile), place + "/" + kTokenizerFile)) {}

BpeTokenizer::BpeTokenizer(std::map<std::string, std::string> files, const std::string& place,
                           const json& tokenizer)
    : files_(std::move(files)),
      added_(tokenizer.value("added_tokens", json()),
             Normalizer(tokenizer.value("normalizer", json()), place + "/" + kTokenizerFile),
             place + "/" + kTokenizerFile),
      pretokenizer_(tokenizer.value("pre_tokenizer", json()), place + "/" + kTokenizerFile),
      model_(tokenizer.value("model", json()), place + "/" + kTokenizerFile) {
  check_components(tokenizer, place + "/" + kTokenizerFile);
  fill_pieces();
  if (const auto found = files_.find(kConfigFile); found != files_.end()) {
    const std::string name = place + "/" + kConfigFile;
    const json config = parse(found->second, name);
    eos_id_ = configured_token(config, "eos_token", name);
    pad_id_ = configured_token(config, "pad_token", name);
  }
}

void BpeTokenizer::fill_pieces() {
  const auto put = [&](const std::string& token, int32_t id, bool special) {
    if (pieces_.size() <= static_cast<size_t>(id)) pieces_.resize(static_cast<size_t>(id) + 1);
    // The decoder reads every token in the byte alphabet and takes it as it is where that fails.
    pieces_[id] = {spelled_bytes(token).value_or(token), true, special};
  };
  for (const auto& [token, id] : model_.vocabulary()) put(token, id, false);
  for (const AddedToken& token : added_.all()) put(token.content, token.id, token.special);
}

// eos_token and pad_token are a string, an object with its content, or null.
int32_t BpeTokenizer::configured_token(const json& config, const char* key,
                                       const std::string& place) const {
  json token = config.value(key, json());
  if (token.is_object()) token = token.value("content", json());
  if (token.is_null()) return -1;
  if (!token.is_string()) throw_error<InputError>("{}: {} is {}", place, key, token.dump());
  const int32_t id = id_of(token.get<std::string>());
  if (id < 0)
    throw_error<InputError>("{}: {} {} is not a token of the tokenizer", place, key, token.dump());
  return id;
}

std::vector<int32_t> BpeTokenizer::encode(std::string_view text) const {
  if (const size_t bad = first_invalid_utf8(text); bad != std::string_view::npos)
    throw_error<InputError>("text is not valid UTF-8 at byte {}", bad);
  std::vector<int32_t> ids;
  added_.split(
      text, [&](int32_t id) { ids.push_back(id); },
      [&](std::string_view rest) {
        pretokenizer_.split(rest, [&](std::string_view piece) { model_.encode(piece, ids); });
      });
  return ids;
}

std::string BpeTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string bytes;
  for (int32_t id : ids) {
    if (id < 0 || static_cast<size_t>(id) >= pieces_.size()) continue;
    const Piece& piece = pieces_[id];
    if (piece.known && !(skip_special && piece.special)) bytes += piece.bytes;
  }
  return to_valid_utf8(bytes);
}

int32_t BpeTokenizer::id_of(std::string_view token) const {
  for (const AddedToken& added : added_.all())
    if (added.content == token) return added.id;
  return model_.id_of(token);
}

void BpeTokenizer::save(const std::string& folder) const {
  make_folders(folder);
  for (const auto& [name, content] : files_) write_file_atomic(folder + "/" + name, content);
}

}  // namespace cohort
