// Templates and conversations from files.
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_depth.h"
#include "model/chat_template/chat_template.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kConfig = "tokenizer_config.json";
constexpr const char* kTemplate = "chat_template.jinja";
constexpr int kMaxDepth = 100;

// What becomes of an integer of more than 64 bits.
enum class LongIntegers { refused, rounded };

// A document with its key order.
class Reader : public nlohmann::json_sax<Json> {
 public:
  Reader(std::string where, LongIntegers long_integers)
      : where_(std::move(where)), long_integers_(long_integers) {}
  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& text) override {
    if (long_integers_ == LongIntegers::refused && text.find_first_of(".eE") == string_t::npos)
      throw_error<InputError>("{}: the integer {} needs more than 64 bits", where_,
                              text.substr(0, 40));
    return add(value);
  }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    throw_error<InputError>("{}: not JSON: {}", where_, error.what());
  }

 private:
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    Json& around = *open_.back();
    if (around.is_object()) return around[key_] = std::move(value);
    around.push_back(std::move(value));
    return around.back();
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  // What is open does not move: only the innermost container grows.
  bool open(Json container) {
    open_.push_back(&place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::string where_;
  LongIntegers long_integers_;
  std::string key_;
  Json root_;
  std::vector<Json*> open_;
};

Json parse_json(std::string_view text, const std::string& where,
                LongIntegers long_integers = LongIntegers::refused) {
  if (json_nests_deeper(text, kMaxDepth))
    throw_error<InputError>("{}: JSON of more than {} levels", where, kMaxDepth);
  Reader reader(where, long_integers);
  Json::sax_parse(text, &reader);
  return reader.take();
}

// Of several templates the one of that name.
const Json* find_named(const Json& templates, std::string_view name) {
  for (const Json& entry : templates)
    if (entry.is_object() && entry.contains("template") && entry.contains("name") &&
        entry["name"] == name)
      return &entry["template"];
  return nullptr;
}

Json special_tokens(const Json& config, const std::string& file) {
  Json out = Json::object();
  for (const char* name : {"bos_token", "eos_token", "unk_token", "pad_token"}) {
    const auto found = config.find(name);
    if (found == config.end() || found->is_null()) continue;
    const Json& token = found->is_object() ? found->value("content", Json()) : *found;
    if (!token.is_string())
      throw_error<InputError>("{}: {} is neither a string nor has it a content", file, name);
    if (!token.get_ref<const std::string&>().empty()) out[name] = token;
  }
  return out;
}

}  // namespace

ChatTemplate ChatTemplate::load(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const char* name : {kConfig, kTemplate})
    if (const std::string path = folder + "/" + name; path_exists(path))
      files[name] = read_file(path);
  return of_files(files, folder);
}

ChatTemplate ChatTemplate::of_files(const std::map<std::string, std::string>& files,
                                    const std::string& where) {
  const std::string config_file = where + "/" + kConfig;
  Json config = Json::object();
  if (const auto text = files.find(kConfig); text != files.end())
    // Hugging Face writes 10^30 for a model_max_length that is not known.
    config = parse_json(text->second, config_file, LongIntegers::rounded);
  if (!config.is_object()) throw_error<InputError>("{}: not a JSON object", config_file);
  const Json special = special_tokens(config, config_file);
  if (const auto text = files.find(kTemplate); text != files.end())
    return parse(text->second, where + "/" + kTemplate, special);
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null())
    throw_error<InputError>("{}: has no {}, and no chat_template in {}", where, kTemplate, kConfig);
  const auto parsed = [&](const Json& text, const std::string& place) {
    if (!text.is_string()) throw_error<InputError>("{}: {} is not a string", config_file, place);
    return parse(text.get_ref<const std::string&>(), config_file + ": " + place, special);
  };
  if (!found->is_array()) return parsed(*found, "chat_template");
  const Json* usual = find_named(*found, "default");
  const Json* for_tools = find_named(*found, "tool_use");
  if (!usual && !for_tools)
    throw_error<InputError>("{}: chat_template has none named \"default\"", config_file);
  ChatTemplate out;
  if (usual) out.parsed_ = parsed(*usual, "chat_template default").parsed_;
  if (for_tools) out.parsed_for_tools_ = parsed(*for_tools, "chat_template tool_use").parsed_;
  return out;
}

Conversation parse_conversation(std::string_view text, const std::string& where) {
  const Json json = parse_json(text, where);
  if (!json.is_object()) throw_error<InputError>("{}: not a JSON object", where);
  Conversation out;
  for (const auto& [key, value] : json.items()) {
    if (key == "messages") {
      out.messages = value;
    } else if (key == "tools") {
      out.tools = value;
    } else if (key == "kwargs") {
      out.kwargs = value;
    } else if (key == "add_generation_prompt") {
      if (!value.is_boolean())
        throw_error<InputError>("{}: add_generation_prompt is not a boolean", where);
      out.add_generation_prompt = value.get<bool>();
    }
  }
  if (!json.contains("messages")) throw_error<InputError>("{}: has no messages", where);
  return out;
}

}  // namespace cohort
