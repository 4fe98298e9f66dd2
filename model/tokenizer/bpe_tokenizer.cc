#include "model/tokenizer/bpe_tokenizer.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "model/tokenizer/json_fields.h"
#include "model/tokenizer/utf8.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr const char* kTokenizerFile = "tokenizer.json";
constexpr const char* kConfigFile = "tokenizer_config.json";
constexpr size_t kMaxText = size_t{1} << 30;

void check_components(const json& tokenizer, const std::string& file) {
  // The post_processor puts tokens around the text only when special tokens are asked for, which
  // encode() never does.
  Fields{tokenizer, file}.only({"version", "truncation", "padding", "added_tokens", "normalizer",
                                "pre_tokenizer", "post_processor", "decoder", "model"});
  for (const char* key : {"truncation", "padding"})
    if (tokenizer.contains(key) && !tokenizer[key].is_null())
      throw_error<InputError>("{}: {} {} is not supported", file, key, tokenizer[key].dump());
}

}  // namespace

BpeTokenizer::BpeTokenizer(std::map<std::string, std::string> files, const std::string& place)
    : BpeTokenizer(files, place,
                   parse_json_object(files.at(kTokenizerFile), place + "/" + kTokenizerFile)) {}

BpeTokenizer::BpeTokenizer(std::map<std::string, std::string> files, const std::string& place,
                           const json& tokenizer)
    : files_(std::move(files)),
      pretokenizer_(tokenizer.value("pre_tokenizer", json()), place + "/" + kTokenizerFile),
      added_(tokenizer.value("added_tokens", json()),
             Normalizer(tokenizer.value("normalizer", json()), place + "/" + kTokenizerFile),
             place + "/" + kTokenizerFile),
      model_(Fields{tokenizer, place + "/" + kTokenizerFile}.at("model"),
             place + "/" + kTokenizerFile, pretokenizer_.byte_level()),
      decoder_(tokenizer.value("decoder", json()), place + "/" + kTokenizerFile) {
  check_components(tokenizer, place + "/" + kTokenizerFile);
  check_added_ids(place + "/" + kTokenizerFile);
  fill_tokens(tokenizer["model"]["vocab"]);
  if (const auto found = files_.find(kConfigFile); found != files_.end()) {
    const std::string name = place + "/" + kConfigFile;
    const json config = parse_json_object(found->second, name);
    bos_id_ = configured_token(config, "bos_token", name);
    eos_id_ = configured_token(config, "eos_token", name);
    pad_id_ = configured_token(config, "pad_token", name);
  }
}

// The tokenizers library gives an added token the id that the vocabulary has for it, and otherwise
// the next one after the vocabulary and the added tokens before it, whatever the file says. A file
// that says another thing was read in two ways by two programs.
void BpeTokenizer::check_added_ids(const std::string& file) const {
  const auto size = static_cast<int32_t>(model_.size());
  int32_t highest = -1;
  for (const AddedToken& token : added_.all()) {
    int32_t id = model_.id_of(token.content);
    if (id < 0) id = highest >= size ? highest + 1 : size;
    if (id != token.id)
      throw_error<InputError>("{}: added token {} has id {}, but its place makes it {}", file,
                              token.content, token.id, id);
    highest = std::max(highest, id);
  }
}

void BpeTokenizer::fill_tokens(const json& vocabulary) {
  const auto put = [&](const std::string& token, int32_t id, bool special) {
    if (tokens_.size() <= static_cast<size_t>(id)) tokens_.resize(static_cast<size_t>(id) + 1);
    tokens_[static_cast<size_t>(id)] = {decoder_.prepared(token), true, special};
  };
  for (const auto& [token, id] : vocabulary.items()) put(token, id.get<int32_t>(), false);
  for (const AddedToken& token : added_.all()) put(token.text, token.id, token.special);
}

// bos_token, eos_token and pad_token are a string, an object with its content, or null.
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

std::vector<int32_t> BpeTokenizer::encode(std::string_view text, bool special_as_text) const {
  if (text.size() > kMaxText)
    throw_error<InputError>("text of {} bytes; at most 1 GiB can be encoded at once", text.size());
  if (const size_t bad = first_invalid_utf8(text); bad != std::string_view::npos)
    throw_error<InputError>("text is not valid UTF-8 at byte {}", bad);
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 4 + 8);
  const SplitStage::PartSink piece = [&](std::string_view part, bool) { model_.encode(part, ids); };
  added_.split(
      text, special_as_text, [&](int32_t id) { ids.push_back(id); },
      [&](std::string_view rest, bool at_start) { pretokenizer_.split(rest, at_start, piece); });
  return ids;
}

const BpeTokenizer::Token* BpeTokenizer::token_of(int32_t id, bool skip_special) const {
  if (id < 0 || static_cast<size_t>(id) >= tokens_.size()) return nullptr;
  const Token& token = tokens_[static_cast<size_t>(id)];
  return token.known && !(skip_special && token.special) ? &token : nullptr;
}

std::string BpeTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string text;
  TokenDecoder::State state = decoder_.begin();
  for (int32_t id : ids)
    if (const Token* token = token_of(id, skip_special)) decoder_.push(state, token->text, text);
  decoder_.finish(state, text);
  return text;
}

class BpeTokenizer::Stream : public StreamDecoder {
 public:
  Stream(const BpeTokenizer& tokenizer, bool skip_special)
      : tokenizer_(tokenizer), skip_special_(skip_special), state_(tokenizer.decoder_.begin()) {}

  std::string push(int32_t id) override {
    std::string text;
    if (const Token* token = tokenizer_.token_of(id, skip_special_))
      tokenizer_.decoder_.push(state_, token->text, text);
    return text;
  }
  std::string finish() override {
    std::string text;
    tokenizer_.decoder_.finish(state_, text);
    state_ = tokenizer_.decoder_.begin();
    return text;
  }

 private:
  const BpeTokenizer& tokenizer_;
  bool skip_special_;
  TokenDecoder::State state_;
};

std::unique_ptr<StreamDecoder> BpeTokenizer::stream_decoder(bool skip_special) const {
  return std::make_unique<Stream>(*this, skip_special);
}

int32_t BpeTokenizer::id_of(std::string_view token) const {
  const AddedToken* added = added_.find(token);
  return added != nullptr ? added->id : model_.id_of(token);
}

}  // namespace cohort
