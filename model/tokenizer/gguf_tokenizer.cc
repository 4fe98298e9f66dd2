// Tokenizer::from_gguf: the tokenizer.json that the metadata describe is written and read like any
// other, so what is saved is what was used.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_set>

#include "core/base/error.h"
#include "core/io/gguf.h"
#include "model/tokenizer/bpe_tokenizer.h"
#include "model/tokenizer/gguf_pretokenizers.h"
#include "model/tokenizer/gguf_token_type.h"
#include "model/tokenizer/utf8.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr const char* kSpaceMark = "\u2581";

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

class Builder {
 public:
  explicit Builder(const GgufMetadata& metadata)
      : metadata_(metadata), tokens_(metadata.strings("tokenizer.ggml.tokens")) {
    if (metadata.contains("tokenizer.ggml.token_type"))
      types_ = metadata.integers("tokenizer.ggml.token_type");
    else
      types_.assign(tokens_.size(), kNormal);
    if (types_.size() != tokens_.size())
      fail("tokenizer.ggml.token_type",
           fmt::format("has {} entries for {} tokens", types_.size(), tokens_.size()));
    for (size_t id = 0; id < tokens_.size(); ++id) add_token(id);
  }

  json tokenizer() const {
    const std::string& model = metadata_.string("tokenizer.ggml.model");
    json out = {{"version", "1.0"},
                {"truncation", nullptr},
                {"padding", nullptr},
                {"added_tokens", added_},
                {"post_processor", nullptr}};
    out["model"] = {{"type", "BPE"}, {"dropout", nullptr}, {"vocab", vocabulary_}};
    if (model == "gpt2")
      over_bytes(out);
    else if (model == "llama")
      over_characters(out);
    else
      fail("tokenizer.ggml.model", fmt::format("is {}, expected gpt2 or llama", model));
    return out;
  }

  json config() const {
    json out = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                {"clean_up_tokenization_spaces", false}};
    for (const auto& [key, name] : {std::pair{"bos", "bos_token"},
                                    {"eos", "eos_token"},
                                    {"unknown", "unk_token"},
                                    {"padding", "pad_token"}})
      if (const int64_t id = special_id(key); id >= 0) out[name] = tokens_[static_cast<size_t>(id)];
    for (const char* key : {"add_bos_token", "add_eos_token"})
      if (const std::string name = std::string("tokenizer.ggml.") + key; metadata_.contains(name))
        out[key] = metadata_.boolean(name);
    if (json templates = chat_templates(); !templates.is_null())
      out["chat_template"] = std::move(templates);
    return out;
  }

 private:
  // One text, or a list of named ones when the file has others beside the default.
  json chat_templates() const {
    constexpr const char* kKey = "tokenizer.chat_template";
    constexpr const char* kNames = "tokenizer.chat_templates";
    json out = json::array();
    const auto add = [&](const std::string& name, const std::string& key) {
      require_utf8(key, metadata_.string(key));
      out.push_back({{"name", name}, {"template", metadata_.string(key)}});
    };
    if (metadata_.contains(kKey)) add("default", kKey);
    if (!metadata_.contains(kNames)) return out.empty() ? json() : out[0]["template"];
    for (const std::string& name : metadata_.strings(kNames)) {
      require_utf8(kNames, name);
      add(name, fmt::format("{}.{}", kKey, name));
    }
    return out;
  }

  [[noreturn]] void fail(std::string_view key, std::string_view what) const {
    throw_error<InputError>("{}: {} {}", metadata_.file(), key, what);
  }

  void require_utf8(std::string_view key, std::string_view text) const {
    if (first_invalid_utf8(text) != std::string_view::npos)
      fail(key, fmt::format("has '{}', which is not UTF-8", to_valid_utf8(text)));
  }

  // Rows that only fill the embedding up are no tokens.
  bool is_padding(size_t id) const {
    return (types_[id] == kUserDefined || types_[id] == kUnused) &&
           tokens_[id] == fmt::format("[PAD{}]", id);
  }

  void add_token(size_t id) {
    const std::string& token = tokens_[id];
    require_utf8("tokenizer.ggml.tokens", token);
    if (is_padding(id)) return;
    if (types_[id] < kNormal || types_[id] > kByte)
      fail("tokenizer.ggml.token_type", fmt::format("of token {} is {}", id, types_[id]));
    if (vocabulary_.contains(token))
      fail("tokenizer.ggml.tokens",
           fmt::format("has token {} at {} and {}", token, vocabulary_[token].dump(), id));
    vocabulary_[token] = id;
    const bool special = types_[id] == kControl || types_[id] == kUnknown;
    if (!special && types_[id] != kUserDefined) return;
    added_.push_back({{"id", id},
                      {"content", token},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", false},
                      {"normalized", false},
                      {"special", special}});
  }

  // -1 when the file has none. The key is tokenizer.ggml.NAME_token_id.
  int64_t special_id(const std::string& name) const {
    const std::string key = "tokenizer.ggml." + name + "_token_id";
    if (!metadata_.contains(key)) return -1;
    const int64_t id = metadata_.integer(key, 0, static_cast<int64_t>(tokens_.size()) - 1);
    return is_padding(static_cast<size_t>(id)) ? -1 : id;
  }

  void over_bytes(json& out) const {
    const std::string& name = metadata_.string("tokenizer.ggml.pre");
    const json family = gguf_pretokenizer(name);
    if (family.is_null()) fail("tokenizer.ggml.pre", fmt::format("{} is not supported", name));
    out["normalizer"] = family["normalizer"];
    out["pre_tokenizer"] = family["pre_tokenizer"];
    out["decoder"] = {{"type", "ByteLevel"},
                      {"add_prefix_space", false},
                      {"trim_offsets", true},
                      {"use_regex", false}};
    const std::vector<std::string>& merges = metadata_.strings("tokenizer.ggml.merges");
    for (const std::string& merge : merges) require_utf8("tokenizer.ggml.merges", merge);
    out["model"]["merges"] = merges;
    out["model"]["ignore_merges"] = family["ignore_merges"];
  }

  void over_characters(json& out) const {
    const std::string prefix_key = "tokenizer.ggml.add_space_prefix";
    const bool prefix = !metadata_.contains(prefix_key) || metadata_.boolean(prefix_key);
    const auto replace = [](const char* from, const char* to) {
      return json{{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
    };
    json normalizers = json::array();
    if (prefix) normalizers.push_back({{"type", "Prepend"}, {"prepend", kSpaceMark}});
    normalizers.push_back(replace(" ", kSpaceMark));
    json decoders = {replace(kSpaceMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
    if (prefix)
      decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    out["normalizer"] = {{"type", "Sequence"}, {"normalizers", normalizers}};
    out["pre_tokenizer"] = nullptr;
    out["decoder"] = {{"type", "Sequence"}, {"decoders", decoders}};
    out["model"]["byte_fallback"] = true;
    out["model"]["fuse_unk"] = true;
    if (const int64_t unknown = special_id("unknown"); unknown >= 0)
      out["model"]["unk_token"] = tokens_[static_cast<size_t>(unknown)];
    out["model"]["merges"] = scored_merges();
  }

  // SentencePiece joins the two neighbours that make the token of the highest score. As ranks:
  // every way to make a token of two, by falling score, and for one score in the order in which
  // transformers converts such vocabularies. Tokens that are not text take no part.
  json scored_merges() const {
    const std::vector<float> scores = metadata_.reals("tokenizer.ggml.scores");
    if (scores.size() != tokens_.size())
      fail("tokenizer.ggml.scores",
           fmt::format("has {} entries for {} tokens", scores.size(), tokens_.size()));
    std::unordered_set<std::string_view> texts;
    for (size_t id = 0; id < tokens_.size(); ++id)
      if (types_[id] == kNormal) texts.insert(tokens_[id]);
    struct Merge {
      float score;
      size_t left_length, right_length;  // in characters
      std::string_view left, right;
    };
    std::vector<Merge> merges;
    for (size_t id = 0; id < tokens_.size(); ++id) {
      if (types_[id] != kNormal) continue;
      if (!std::isfinite(scores[id]))
        fail("tokenizer.ggml.scores", fmt::format("of token {} is {}", id, scores[id]));
      const std::string_view token = tokens_[id];
      for (size_t cut = 1; cut < token.size(); ++cut) {
        const auto left = texts.find(token.substr(0, cut));
        if (left == texts.end()) continue;
        const auto right = texts.find(token.substr(cut));
        if (right == texts.end()) continue;
        merges.push_back({scores[id], characters(*left), characters(*right), *left, *right});
      }
    }
    std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
      if (a.score != b.score) return a.score > b.score;
      return std::tie(a.left_length, a.right_length) > std::tie(b.left_length, b.right_length);
    });
    json out = json::array();
    for (const Merge& merge : merges)
      out.push_back({std::string(merge.left), std::string(merge.right)});
    return out;
  }

  const GgufMetadata& metadata_;
  const std::vector<std::string>& tokens_;
  std::vector<int64_t> types_;
  json vocabulary_ = json::object();
  json added_ = json::array();
};

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_gguf(const GgufMetadata& metadata) {
  constexpr const char* kWhole = "tokenizer.huggingface.json";
  const Builder builder(metadata);
  return std::make_shared<BpeTokenizer>(
      std::map<std::string, std::string>{
          {"tokenizer.json",
           metadata.contains(kWhole) ? metadata.string(kWhole) : builder.tokenizer().dump()},
          {"tokenizer_config.json", builder.config().dump(2) + "\n"}},
      metadata.file());
}

}  // namespace cohort
