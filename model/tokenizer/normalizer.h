// The normalizer of a tokenizer.json: none, or Unicode's canonical composition.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace cohort {

class Normalizer {
 public:
  // Supported: null, NFC, and a Sequence of them. Throws InputError naming `file` and the component
  // otherwise.
  Normalizer(const nlohmann::json& config, const std::string& file);
  // `text` is valid UTF-8.
  std::string apply(std::string_view text) const;

 private:
  bool nfc_ = false;
};

}  // namespace cohort
