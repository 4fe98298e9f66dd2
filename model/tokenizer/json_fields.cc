#include "model/tokenizer/json_fields.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json_depth.h"

namespace cohort {

using nlohmann::json;

Fields Fields::of(const json& object, const std::string& file, std::string_view what) {
  if (!object.is_object() || !object.contains("type") || !object["type"].is_string())
    throw_error<InputError>("{}: {} {} is not supported", file, what,
                            object.dump(-1, ' ', false, json::error_handler_t::replace));
  return {object, fmt::format("{}: {} {}", file, what, object["type"].get<std::string>())};
}

std::string Fields::type() const { return object["type"].get<std::string>(); }

const json& Fields::at(const char* key) const {
  const auto found = object.find(key);
  if (found == object.end()) throw_error<InputError>("{}: {} is missing", where, key);
  return *found;
}

const json& Fields::list(const char* key) const {
  const json& value = at(key);
  if (!value.is_array()) throw_error<InputError>("{}: {} is not a list", where, key);
  return value;
}

bool Fields::flag(const char* key) const {
  const json& value = at(key);
  if (!value.is_boolean())
    throw_error<InputError>("{}: {} is {}, expected true or false", where, key, value.dump());
  return value.get<bool>();
}

bool Fields::flag(const char* key, bool otherwise) const {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? otherwise : flag(key);
}

std::string Fields::text(const char* key) const {
  const json& value = at(key);
  if (!value.is_string())
    throw_error<InputError>("{}: {} is {}, expected a string", where, key, value.dump());
  return value.get<std::string>();
}

std::string Fields::text(const char* key, const std::string& otherwise) const {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? otherwise : text(key);
}

int64_t Fields::integer(const char* key, int64_t lowest, int64_t highest) const {
  const json& value = at(key);
  const bool fits = value.is_number_unsigned()
                        ? value.get<uint64_t>() <= static_cast<uint64_t>(highest)
                        : value.is_number_integer() && value.get<int64_t>() <= highest;
  if (!fits || value.get<int64_t>() < lowest)
    throw_error<InputError>("{}: {} is {}, expected an integer in [{}, {}]", where, key,
                            value.dump(), lowest, highest);
  return value.get<int64_t>();
}

void Fields::only(std::initializer_list<std::string_view> known) const {
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end()) refuse(key);
}

void Fields::refuse(std::string_view what) const {
  throw_error<InputError>("{}: {} is not supported", where, what);
}

json parse_json_object(std::string_view text, const std::string& where) {
  if (json_nests_deeper(text, 64)) throw_error<InputError>("{}: JSON nested too deep", where);
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded() || !value.is_object())
    throw_error<InputError>("{}: is not a JSON object", where);
  return value;
}

}  // namespace cohort
