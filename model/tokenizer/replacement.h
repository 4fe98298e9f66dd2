// The Replace component, of normalizers and of decoders.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "model/tokenizer/json_fields.h"
#include "model/tokenizer/regex.h"

namespace cohort {

// The pattern of Split and Replace: {"String": text} or {"Regex": pattern}.
class TextPattern {
 public:
  explicit TextPattern(const Fields& component);
  // As Regex::find.
  bool find(std::string_view text, size_t position, RegexMatch& match) const;

 private:
  std::string literal_;
  std::shared_ptr<const Regex> regex_;  // null: the literal
};

// Every match becomes `content`.
class Replacement {
 public:
  explicit Replacement(const Fields& component);
  std::string apply(std::string_view text) const;

 private:
  TextPattern pattern_;
  std::string content_;
};

}  // namespace cohort
