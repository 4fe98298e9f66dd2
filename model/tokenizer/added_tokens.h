// Tokens that are cut out of the text before anything else looks at it: specials, roles, and words
// that a vocabulary got later.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/normalizer.h"

namespace cohort {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool single_word = false;             // not inside a word
  bool lstrip = false, rstrip = false;  // takes the white space before or after with it
  bool normalized = false;  // looked for after the others, normalized as what they left is
  bool special = false;
  std::string pattern = {};  // what is looked for: the content, normalized where the text is
};

class AddedTokens {
 public:
  // `tokens`: the added_tokens list of tokenizer.json; throws InputError naming `file`.
  AddedTokens(const nlohmann::json& tokens, const Normalizer& normalizer, const std::string& file);

  const std::vector<AddedToken>& all() const { return all_; }
  // Cuts `text`: token(id) for each occurrence, rest(piece) for what lies between, normalized, in
  // order. At a place where several tokens match the longest wins.
  void split(std::string_view text, const std::function<void(int32_t id)>& token,
             const std::function<void(std::string_view piece)>& rest) const;

 private:
  using ByFirstByte = std::vector<std::vector<const AddedToken*>>;  // each longest first
  static const AddedToken* match_at(const ByFirstByte& tokens, std::string_view text,
                                    size_t position);
  static void split_by(const ByFirstByte& tokens, std::string_view text,
                       const std::function<void(int32_t id)>& token,
                       const std::function<void(std::string_view piece)>& rest);

  Normalizer normalizer_;
  std::vector<AddedToken> all_;
  ByFirstByte raw_, normalized_;
};

}  // namespace cohort
