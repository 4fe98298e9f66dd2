#include "model/tokenizer/pretokenizer.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr const char* kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

std::string quoted(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("\\^$.[]|()?*+{}-#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

[[noreturn]] void refuse(const std::string& file, const std::string& what) {
  throw_error<InputError>("{}: pre_tokenizer {} is not supported", file, what);
}

}  // namespace

Pretokenizer::Pretokenizer(const json& config, const std::string& file) {
  add(config, file);
  if (!byte_level_) refuse(file, config.dump() + " without ByteLevel");
}

void Pretokenizer::add(const json& config, const std::string& file) {
  if (!config.is_object()) refuse(file, config.dump());
  if (byte_level_) refuse(file, "component after ByteLevel");  // it would see spelled bytes
  const std::string type = config.value("type", "(none)");
  const std::string name = file + ": pre_tokenizer " + type;
  if (type == "Sequence") {
    for (const json& member : config.value("pretokenizers", json::array())) add(member, file);
  } else if (type == "ByteLevel") {
    byte_level_ = true;
    if (config.value("add_prefix_space", true)) refuse(file, "ByteLevel with add_prefix_space");
    if (config.value("use_regex", true))
      stages_.push_back(std::make_unique<Regex>(kGpt2Pattern, name));
  } else if (type == "Digits") {
    const bool single = config.value("individual_digits", false);
    stages_.push_back(std::make_unique<Regex>(single ? "\\p{N}" : "\\p{N}+", name));
  } else if (type == "Split") {
    if (config.value("behavior", "") != "Isolated" || config.value("invert", false))
      refuse(file, config.dump());
    const json pattern = config.value("pattern", json::object());
    if (pattern.contains("Regex") && pattern["Regex"].is_string())
      stages_.push_back(std::make_unique<Regex>(pattern["Regex"].get<std::string>(), name));
    else if (pattern.contains("String") && pattern["String"].is_string())
      stages_.push_back(
          std::make_unique<Regex>(quoted(pattern["String"].get<std::string>()), name));
    else
      refuse(file, config.dump());
  } else {
    refuse(file, type);
  }
}

void Pretokenizer::split(std::string_view text,
                         const std::function<void(std::string_view piece)>& piece) const {
  split_from(0, text, piece);
}

void Pretokenizer::split_from(size_t stage, std::string_view text,
                              const std::function<void(std::string_view piece)>& piece) const {
  if (stage == stages_.size()) return piece(text);
  size_t done = 0;
  stages_[stage]->find_all(text, [&](size_t begin, size_t end) {
    if (begin > done) split_from(stage + 1, text.substr(done, begin - done), piece);
    split_from(stage + 1, text.substr(begin, end - begin), piece);
    done = end;
  });
  if (done < text.size()) split_from(stage + 1, text.substr(done), piece);
}

}  // namespace cohort
