#include "model/hf_config/config_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr const char* kSpace = " \t\r\n";

// Where a member's key begins, its value begins, and its value ends.
struct Member {
  std::string key;
  size_t begin, value, end;
};

size_t string_end(const std::string& text, size_t at) {
  for (++at; text.at(at) != '"'; ++at)
    if (text.at(at) == '\\') ++at;
  return at + 1;
}

size_t value_end(const std::string& text, size_t at) {
  if (text.at(at) == '"') return string_end(text, at);
  if (text.at(at) != '{' && text.at(at) != '[')
    return std::min(text.find_first_of(",]} \t\r\n", at), text.size());
  int64_t depth = 0;
  do {
    const char c = text.at(at);
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    at = c == '"' ? string_end(text, at) : at + 1;
  } while (depth > 0);
  return at;
}

std::vector<Member> members_of(const std::string& text) {
  std::vector<Member> members;
  size_t at = text.find_first_not_of(kSpace, text.find('{') + 1);
  while (text.at(at) != '}') {
    if (text.at(at) == ',') at = text.find_first_not_of(kSpace, at + 1);
    Member m;
    m.begin = at;
    const size_t key_end = string_end(text, at);
    m.key = json::parse(text.substr(at, key_end - at)).get<std::string>();
    m.value = text.find_first_not_of(kSpace, text.find(':', key_end) + 1);
    m.end = value_end(text, m.value);
    at = text.find_first_not_of(kSpace, m.end);
    members.push_back(std::move(m));
  }
  return members;
}

}  // namespace

std::string replace_json_member(const std::string& text, std::string_view key,
                                std::string_view value) {
  std::string out;
  size_t done = 0;
  for (const Member& m : members_of(text)) {
    if (m.key != key) continue;
    out += text.substr(done, m.value - done);
    out += value;
    done = m.end;
  }
  return out + text.substr(done);
}

std::string remove_json_member(const std::string& text, std::string_view key) {
  std::string out = text;
  std::vector<Member> members = members_of(out);
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].key != key) continue;
    // With the comma behind it; the last one with the comma before it.
    const bool last = i + 1 == members.size();
    const size_t begin = last && i > 0 ? members[i - 1].end : members[i].begin;
    out.erase(begin, (last ? members[i].end : members[i + 1].begin) - begin);
    return remove_json_member(out, key);
  }
  return out;
}

std::string hf_config_text(const ModelConfig& config, const std::string& dtype) {
  const auto kept = config.hf_files.find(kHfConfig);
  if (kept == config.hf_files.end()) return config.to_hf(dtype).dump(2) + "\n";
  std::string text = kept->second;
  const std::string place = "config.json that the model was read with";
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) throw_error<InputError>("{}: is not a JSON object", place);
  for (const char* key : {"dtype", "torch_dtype"})
    if (object.contains(key) && object[key].is_string() && object[key] != dtype)
      text = replace_json_member(text, key, json(dtype).dump());
  text = remove_json_member(text, "quantization_config");

  ModelConfig described = ModelConfig::from_hf(json::parse(text), place);
  if (config.num_nextn_predict_layers == 0) described.num_nextn_predict_layers = 0;
  if (described.to_hf(dtype) != config.to_hf(dtype))
    throw_error<InputError>("{}: says {}, the model is {}", place, described.to_hf(dtype).dump(),
                            config.to_hf(dtype).dump());
  return text;
}

}  // namespace cohort
