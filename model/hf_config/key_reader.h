// Typed keys of one object of a config.json. A key that is null counts as absent. Every key that is
// asked for is remembered, so that what nobody asked for can be refused.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "core/base/error.h"

namespace cohort {

class KeyReader {
 public:
  // `place` stands before every message: the file, and the object's key.
  KeyReader(const nlohmann::json& object, std::string place);

  bool has(const char* key) const;
  bool absent(const char* key) const;  // not even null: what transformers gives its default
  const nlohmann::json& at(const char* key) const { return object_[key]; }
  const std::string& place() const { return place_; }

  // Leave `value` alone where the key is absent; InputError for another type or a value below
  // `low`.
  void read(const char* key, bool& value) const;
  void read(const char* key, int64_t& value, int64_t low) const;
  void read(const char* key, double& value, double low) const;
  void read(const char* key, std::string& value) const;
  template <class T, class Low>
  void require(const char* key, T& value, Low low) const {
    if (!has(key)) throw_error<InputError>("{}: {} is missing", place_, key);
    read(key, value, low);
  }
  // The one value whose mathematics is implemented; absent means that value.
  void only(const char* key, const nlohmann::json& supported) const;
  // The first of a list, or the number: further ids of a list are stop ids of
  // generation_config.json. -1 says that there is none, as null does.
  void read_token_id(const char* key, int64_t& value) const;
  [[noreturn]] void fail(const char* key, const std::string& expected) const;
  // InputError for a key that was never asked for, unless it is known to change no result (or is
  // null, false or empty): it may change the mathematics, and is not guessed at.
  void refuse_unknown() const;

 private:
  const nlohmann::json& object_;
  std::string place_;
  mutable std::set<std::string> asked_;
};

}  // namespace cohort
