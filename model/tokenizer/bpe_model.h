// The `model` of a tokenizer.json: byte-pair encoding, over bytes or over characters.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/tokenizer/pair_merging.h"
#include "model/tokenizer/token_table.h"

namespace cohort {

class BpeModel {
 public:
  // An id above this is taken for a broken file.
  static constexpr int32_t kMaxId = (1 << 22) - 1;

  // `byte_level`: pieces are bytes and tokens are spelled in the byte alphabet. Throws InputError
  // naming `file` for another model, and for one that contradicts itself.
  BpeModel(const nlohmann::json& model, const std::string& file, bool byte_level);

  // Ids of one piece of the split text. A character that nothing stands for is left out, as the
  // tokenizers library does; without merges, where characters are all there is, it is an
  // InputError.
  void encode(std::string_view piece, std::vector<int32_t>& ids) const;
  int32_t id_of(std::string_view token) const;  // as the file spells it; -1 when unknown
  size_t size() const { return tokens_.size() + unspelled_.size(); }

 private:
  void read_vocabulary(const nlohmann::json& vocabulary, const std::string& file);
  void read_base(const nlohmann::json& model, const std::string& file);
  void read_merges(const nlohmann::json& merges, const std::string& file);
  void note_merge(const std::string& left, int32_t left_id, const std::string& product);
  void find_whole_tokens();
  void encode_part(std::string_view part, std::vector<int32_t>& ids) const;
  // The symbols that merging begins with, without what no symbol stands for; false, and where the
  // last such was, when there was any.
  bool begin_symbols(std::string_view text, std::vector<int32_t>& symbols, size_t& bad) const;
  bool begin_characters(std::string_view text, std::vector<int32_t>& symbols, size_t& bad) const;

  bool byte_level_;
  // Text of a token (bytes where byte_level) to 2 * id + 1 when merging ends in this very token, as
  // it nearly always does, and to 2 * id when it does not.
  TokenTable tokens_;
  std::unordered_map<std::string, int32_t> unspelled_;  // tokens outside the byte alphabet
  PairMerging merges_;
  int32_t byte_ids_[256];  // of the bytes; over characters, of the fallback <0xNN>
  int32_t unknown_id_ = -1;
  bool byte_fallback_ = false, fuse_unknown_ = false, ignore_merges_ = false;

  // Text over characters is cut before each space mark (U+2581) that no merge can join to what
  // stands before it: the result is the same, and words are short.
  bool cuts_ = false;
  std::vector<char32_t> glued_;  // characters that a merge joins to a mark behind them, sorted
};

}  // namespace cohort
