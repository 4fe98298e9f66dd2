// Tokenizer::write_gguf: what a tokenizer.json says, in llama.cpp's keys. The pre-tokenizer is
// recognised by its components, not by the model's name.
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/io/gguf.h"
#include "model/tokenizer/gguf_pretokenizers.h"
#include "model/tokenizer/gguf_token_type.h"
#include "model/tokenizer/tokenizer.h"

namespace cohort {
namespace {

using nlohmann::json;

// The two halves of a merge, whichever way the file spells it.
std::pair<std::string, std::string> halves(const json& merge) {
  if (merge.is_array()) return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  const std::string text = merge.get<std::string>();
  const size_t space = text.find(' ', 1);
  return {text.substr(0, space), text.substr(space + 1)};
}

bool is_byte_token(const std::string& token) {
  return token.size() == 6 && token.starts_with("<0x") && token.ends_with('>');
}

class Writer {
 public:
  Writer(const Tokenizer& tokenizer, int64_t rows, GgufMetadata& metadata)
      : tokenizer_(tokenizer),
        json_(json::parse(tokenizer.files().at("tokenizer.json"))),
        model_(json_.at("model")),
        metadata_(metadata),
        rows_(rows) {
    const auto config = tokenizer.files().find("tokenizer_config.json");
    config_ = config == tokenizer.files().end() ? json::object() : json::parse(config->second);
  }

  void write() {
    spm_ = model_.value("byte_fallback", false);
    collect_tokens();
    metadata_.add("tokenizer.ggml.model", std::string(spm_ ? "llama" : "gpt2"));
    metadata_.add("tokenizer.ggml.pre", spm_ ? "default" : pre_name());
    metadata_.add("tokenizer.ggml.tokens", tokens_);
    if (spm_) {
      metadata_.add("tokenizer.ggml.scores", scores());
      metadata_.add("tokenizer.ggml.add_space_prefix", adds_space());
    } else {
      metadata_.add("tokenizer.ggml.merges", merges());
    }
    metadata_.add("tokenizer.ggml.token_type", types_);
    write_special();
    write_templates();
  }

 private:
  void collect_tokens() {
    tokens_.resize(static_cast<size_t>(rows_));
    types_.assign(static_cast<size_t>(rows_), kUnused);
    for (size_t id = 0; id < tokens_.size(); ++id) tokens_[id] = fmt::format("[PAD{}]", id);
    const auto set = [&](int64_t id, const std::string& text, GgufTokenType type) {
      if (id >= rows_)
        throw_error<InputError>("tokenizer.json: token {} has id {}, the model has {} rows", text,
                                id, rows_);
      tokens_[static_cast<size_t>(id)] = text;
      types_[static_cast<size_t>(id)] = type;
    };
    const std::string unknown = model_.contains("unk_token") && model_["unk_token"].is_string()
                                    ? model_["unk_token"].get<std::string>()
                                    : "";
    for (const auto& [text, id] : model_.at("vocab").items())
      set(id.get<int64_t>(), text, spm_ && is_byte_token(text) ? kByte : kNormal);
    for (const json& added : json_.value("added_tokens", json::array())) {
      const std::string text = added.at("content").get<std::string>();
      const bool special = added.value("special", false);
      set(added.at("id").get<int64_t>(), text,
          spm_ && text == unknown ? kUnknown
          : special               ? kControl
                                  : kUserDefined);
    }
  }

  // A pattern with its line ends escaped: files have them either way.
  static json escaped(json pattern) {
    if (!pattern.contains("Regex") || !pattern["Regex"].is_string()) return pattern;
    std::string out;
    for (const char c : pattern["Regex"].get<std::string>())
      out += c == '\r' ? "\\r" : c == '\n' ? "\\n" : std::string(1, c);
    pattern["Regex"] = out;
    return pattern;
  }

  // What cuts text into pieces, without what changes no piece.
  static json components(const json& pre_tokenizer) {
    json out = json::array();
    if (pre_tokenizer.is_null()) return out;
    if (pre_tokenizer.at("type") == "Sequence") {
      for (const json& member : pre_tokenizer.at("pretokenizers"))
        for (const json& component : components(member)) out.push_back(component);
    } else if (pre_tokenizer.at("type") == "Split") {
      out.push_back({escaped(pre_tokenizer.at("pattern")), pre_tokenizer.value("behavior", "")});
    } else if (pre_tokenizer.at("type") == "ByteLevel") {
      out.push_back({"ByteLevel", pre_tokenizer.value("use_regex", true),
                     pre_tokenizer.value("add_prefix_space", true)});
    } else {
      out.push_back(pre_tokenizer);
    }
    return out;
  }

  static json normalizers(const json& normalizer) {
    json out = json::array();
    if (normalizer.is_null()) return out;
    if (normalizer.at("type") != "Sequence") return json::array({normalizer.at("type")});
    for (const json& member : normalizer.at("normalizers"))
      for (const json& name : normalizers(member)) out.push_back(name);
    return out;
  }

  std::string pre_name() const {
    // Without merges a piece falls into its bytes wherever it was cut.
    if (model_.at("merges").empty()) return "gpt-2";
    const json own = components(json_.value("pre_tokenizer", json()));
    const json own_normalizers = normalizers(json_.value("normalizer", json()));
    for (const std::string& name : gguf_pretokenizer_names()) {
      const json known = gguf_pretokenizer(name);
      if (components(known["pre_tokenizer"]) == own &&
          normalizers(known["normalizer"]) == own_normalizers &&
          known["ignore_merges"] == model_.value("ignore_merges", false))
        return name;
    }
    throw_error<InputError>(
        "tokenizer.json: llama.cpp has no name for its pre_tokenizer {}: a GGUF file would cut "
        "text "
        "in other pieces",
        json_.value("pre_tokenizer", json()).dump().substr(0, 200));
  }

  std::vector<std::string> merges() const {
    std::vector<std::string> out;
    for (const json& merge : model_.at("merges")) {
      const auto [left, right] = halves(merge);
      out.push_back(left + " " + right);
    }
    return out;
  }

  // SentencePiece's scores: the earlier a token's first merge, the higher.
  std::vector<float> scores() const {
    std::map<std::string, float> of_token;
    float rank = 0;
    for (const json& merge : model_.at("merges")) {
      const auto [left, right] = halves(merge);
      of_token.emplace(left + right, -rank);
      rank += 1;
    }
    std::vector<float> out;
    for (size_t id = 0; id < tokens_.size(); ++id) {
      const auto found = of_token.find(tokens_[id]);
      out.push_back(types_[id] != kNormal ? 0.0f : found == of_token.end() ? -rank : found->second);
    }
    return out;
  }

  bool adds_space() const {
    const json names = normalizers(json_.value("normalizer", json()));
    return std::ranges::find(names, json("Prepend")) != names.end();
  }

  void write_special() {
    const auto id = [&](const char* key, int64_t value) {
      if (value >= 0)
        metadata_.add(fmt::format("tokenizer.ggml.{}_token_id", key), static_cast<uint32_t>(value));
    };
    id("bos", tokenizer_.bos_id());
    id("eos", tokenizer_.eos_id());
    id("padding", tokenizer_.pad_id());
    const json unknown = config_.value("unk_token", json());
    if (unknown.is_string()) id("unknown", tokenizer_.id_of(unknown.get<std::string>()));
    metadata_.add("tokenizer.ggml.add_bos_token", adds_bos());
    metadata_.add("tokenizer.ggml.add_eos_token", config_.value("add_eos_token", json()) == true);
  }

  // tokenizer_config.json says so, or the post-processor puts it before every text.
  bool adds_bos() const {
    if (config_.contains("add_bos_token") && config_["add_bos_token"].is_boolean())
      return config_["add_bos_token"].get<bool>();
    const json post = json_.value("post_processor", json());
    const json bos = config_.value("bos_token", json());
    const std::string text = bos.is_string()   ? bos.get<std::string>()
                             : bos.is_object() ? bos.value("content", "")
                                               : "";
    return !text.empty() && post.dump().find(json(text).dump()) != std::string::npos;
  }

  // One template, or a list of named ones: "default" lies under the plain key.
  void write_templates() {
    constexpr const char* kKey = "tokenizer.chat_template";
    const auto file = tokenizer_.files().find("chat_template.jinja");
    const json own = file != tokenizer_.files().end() ? json(file->second)
                                                      : config_.value("chat_template", json());
    if (own.is_string() && own != "") metadata_.add(kKey, own.get<std::string>());
    if (!own.is_array()) return;
    std::vector<std::string> names;
    for (const json& entry : own) {
      if (!entry.is_object() || !entry.value("name", json()).is_string() ||
          !entry.value("template", json()).is_string())
        throw_error<InputError>(
            "tokenizer_config.json: chat_template has {}, expected an object of a name and a "
            "template",
            entry.dump().substr(0, 80));
      std::string name = entry["name"].get<std::string>();
      std::ranges::replace_if(
          name, [](unsigned char c) { return !std::isalnum(c); }, '_');  // as llama.cpp's writer
      const std::string key = name == "default" ? kKey : fmt::format("{}.{}", kKey, name);
      if (metadata_.contains(key))
        throw_error<InputError>("tokenizer_config.json: two templates named {}", name);
      metadata_.add(key, entry["template"].get<std::string>());
      if (name != "default") names.push_back(name);
    }
    if (!names.empty()) metadata_.add("tokenizer.chat_templates", names);
  }

  const Tokenizer& tokenizer_;
  json json_, config_;
  const json& model_;
  GgufMetadata& metadata_;
  int64_t rows_;
  bool spm_ = false;
  std::vector<std::string> tokens_;
  std::vector<int32_t> types_;
};

}  // namespace

void Tokenizer::write_gguf(int64_t rows, GgufMetadata& metadata) const {
  Writer(*this, rows, metadata).write();
}

}  // namespace cohort
