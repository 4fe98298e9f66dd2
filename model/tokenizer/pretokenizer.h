// The pre_tokenizer of a tokenizer.json: how text is cut into the pieces that byte-pair encoding
// works on.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/regex.h"

namespace cohort {

class Pretokenizer {
 public:
  // Supported: ByteLevel, Split (Isolated), Digits, and a Sequence of them that ends in ByteLevel.
  // Throws InputError naming `file` and the component otherwise.
  Pretokenizer(const nlohmann::json& config, const std::string& file);
  // `text` is valid UTF-8.
  void split(std::string_view text, const std::function<void(std::string_view piece)>& piece) const;

 private:
  void add(const nlohmann::json& config, const std::string& file);
  void split_from(size_t stage, std::string_view text,
                  const std::function<void(std::string_view piece)>& piece) const;

  // Every stage isolates: matches and the gaps between them become pieces of their own.
  std::vector<std::unique_ptr<Regex>> stages_;
  bool byte_level_ = false;
};

}  // namespace cohort
