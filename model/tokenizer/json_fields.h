// Reading the components of a tokenizer.json: what is missing, of another kind or unknown is an
// InputError that says where.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace cohort {

// One component: `where` is "FILE: normalizer Replace" and the like.
struct Fields {
  const nlohmann::json& object;
  std::string where;

  // `object` is the component under `what`; throws when it is not an object with a type.
  static Fields of(const nlohmann::json& object, const std::string& file, std::string_view what);
  std::string type() const;

  const nlohmann::json& at(const char* key) const;
  const nlohmann::json& list(const char* key) const;
  bool flag(const char* key) const;
  bool flag(const char* key, bool otherwise) const;  // where the key is missing or null
  std::string text(const char* key) const;
  std::string text(const char* key, const std::string& otherwise) const;
  int64_t integer(const char* key, int64_t lowest, int64_t highest) const;
  void only(std::initializer_list<std::string_view> known) const;
  [[noreturn]] void refuse(std::string_view what) const;  // "WHERE: what is not supported"
};

// Throws InputError for what is no JSON object, or is nested deeper than such files are.
nlohmann::json parse_json_object(std::string_view text, const std::string& where);

}  // namespace cohort
