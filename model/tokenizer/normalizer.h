// The normalizer of a tokenizer.json: what is done to text before it is cut.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/tokenizer/replacement.h"

namespace cohort {

class Normalizer {
 public:
  // Supported: null, NFC, Prepend, Replace, and a Sequence of them. Throws InputError naming `file`
  // and the component otherwise.
  Normalizer(const nlohmann::json& config, const std::string& file);
  // `text` is valid UTF-8 of less than 2 GiB; the result is it, or lies in `buffer`.
  std::string_view apply(std::string_view text, std::string& buffer) const;

 private:
  void add(const nlohmann::json& config, const std::string& file);

  struct Compose {};
  struct Prepend {
    std::string text;
  };
  std::vector<std::variant<Compose, Prepend, Replacement>> steps_;
};

}  // namespace cohort
