// Tokens that are cut out of the text before anything else looks at it: specials, roles, and words
// that a vocabulary got later.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
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
  std::string text = {};  // what it decodes to: the content, normalized if the token is
};

// Finds the longest of a set of strings at a place.
class PrefixTree {
 public:
  void add(std::string_view text, int32_t value);
  bool may_begin_with(char c) const { return begins_[static_cast<uint8_t>(c)]; }
  // The value and length of the longest string that stands at `position`; -1 when none does.
  struct Found {
    int32_t value = -1;
    size_t length = 0;
  };
  Found longest(std::string_view text, size_t position) const;

 private:
  std::array<bool, 256> begins_{};
  std::unordered_map<uint64_t, uint32_t> children_;  // by node * 256 + byte; node 0 is the root
  std::vector<int32_t> values_{-1};                  // by node
};

class AddedTokens {
 public:
  using TokenSink = std::function<void(int32_t id)>;
  // A piece between tokens, normalized; `at_start`: the text begins with it.
  using RestSink = std::function<void(std::string_view piece, bool at_start)>;

  // `tokens`: the added_tokens list of tokenizer.json; throws InputError naming `file`.
  AddedTokens(const nlohmann::json& tokens, const Normalizer& normalizer, const std::string& file);

  const std::vector<AddedToken>& all() const { return all_; }
  const AddedToken* find(std::string_view content) const;  // null when there is none
  // Cuts `text` in order. At a place where several tokens match the longest wins. With
  // `special_as_text` the special ones are found and left in the text.
  void split(std::string_view text, bool special_as_text, const TokenSink& token,
             const RestSink& rest) const;

 private:
  template <class Rest>
  void split_by(const PrefixTree& tokens, std::string_view text, bool special_as_text,
                const TokenSink& token, const Rest& rest) const;

  Normalizer normalizer_;
  std::vector<AddedToken> all_;
  std::unordered_map<std::string, size_t> by_content_;
  PrefixTree raw_, normalized_;  // values: places in all_
};

}  // namespace cohort
