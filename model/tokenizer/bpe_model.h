// Byte-pair encoding over bytes: the `model` of a tokenizer.json.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cohort {

class BpeModel {
 public:
  // Throws InputError naming `file` for a model that is not byte-level BPE.
  BpeModel(const nlohmann::json& model, const std::string& file);

  // Ids of one piece of the split text. Throws InputError for a byte that has no token.
  void encode(std::string_view piece, std::vector<int32_t>& ids) const;
  // -1 when unknown. Tokens are spelled in the byte alphabet.
  int32_t id_of(std::string_view spelled) const;
  const std::unordered_map<std::string, int32_t>& vocabulary() const { return vocabulary_; }

 private:
  struct Merge {
    int32_t rank, id;
  };
  void read_merges(const nlohmann::json& merges, const std::string& file);
  void merge_pairs(std::vector<int32_t>& symbols, std::vector<int32_t>& ids) const;
  const Merge* find_merge(int32_t left, int32_t right) const;

  std::unordered_map<std::string, int32_t> vocabulary_;
  std::unordered_map<uint64_t, Merge> merges_;  // by (left id, right id)
  int32_t byte_ids_[256];
  bool ignore_merges_ = false;
};

}  // namespace cohort
