#include "model/tokenizer/bpe_model.h"

#include <nlohmann/json.hpp>
#include <queue>

#include "core/base/error.h"
#include "model/tokenizer/byte_alphabet.h"

namespace cohort {
namespace {

using nlohmann::json;

// The whole character that byte `position` of `text` is part of, for a message.
std::string character_at(std::string_view text, size_t position) {
  size_t begin = position;
  while (begin > 0 && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80) --begin;
  const Utf8Step step = next_utf8(text, begin);
  const std::string character =
      step.length > 0 ? std::string(text.substr(begin, step.length)) : std::string("\uFFFD");
  const auto code = step.length > 0 ? static_cast<uint32_t>(step.code_point)
                                    : static_cast<uint8_t>(text[position]);
  return code < 0x20 || code == 0x7F ? fmt::format("U+{:04X}", code)
                                     : fmt::format("'{}' (U+{:04X})", character, code);
}

bool absent_or(const json& object, const char* key, const json& value) {
  return !object.contains(key) || object[key].is_null() || object[key] == value;
}

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

BpeModel::BpeModel(const json& model, const std::string& file) {
  const auto refuse = [&](const std::string& what) {
    throw_error<InputError>("{}: {} is not supported (byte-level BPE only)", file, what);
  };
  if (!model.is_object() || model.value("type", "") != "BPE")
    refuse("model type " + (model.is_object() ? model.value("type", "(none)") : model.dump()));
  if (!absent_or(model, "dropout", 0.0)) refuse("model.dropout");
  if (!absent_or(model, "continuing_subword_prefix", "")) refuse("model.continuing_subword_prefix");
  if (!absent_or(model, "end_of_word_suffix", "")) refuse("model.end_of_word_suffix");
  if (!absent_or(model, "byte_fallback", false)) refuse("model.byte_fallback");
  ignore_merges_ = !absent_or(model, "ignore_merges", false);

  if (!model.contains("vocab") || !model["vocab"].is_object())
    throw_error<InputError>("{}: model.vocab is missing", file);
  for (const auto& [token, id] : model["vocab"].items()) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() > INT32_MAX)
      throw_error<InputError>("{}: token {} has id {}", file, token, id.dump());
    vocabulary_[token] = id.get<int32_t>();
  }
  bool every_byte = true;
  for (int byte = 0; byte < 256; ++byte) {
    byte_ids_[byte] = id_of(byte_spelling(static_cast<uint8_t>(byte)));
    every_byte = every_byte && byte_ids_[byte] >= 0;
  }
  // With a token for every byte nothing is ever unknown.
  if (!every_byte && !absent_or(model, "unk_token", "")) refuse("model.unk_token");
  if (model.contains("merges")) read_merges(model["merges"], file);
}

void BpeModel::read_merges(const json& merges, const std::string& file) {
  const auto token_id = [&](const std::string& token, size_t rank) {
    const int32_t id = id_of(token);
    if (id < 0)
      throw_error<InputError>("{}: merge {} names {}, which is not in the vocabulary", file, rank,
                              token);
    return id;
  };
  if (!merges.is_array()) throw_error<InputError>("{}: model.merges is not a list", file);
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const json& merge = merges[rank];
    std::string left, right;
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      left = merge[0].get<std::string>();
      right = merge[1].get<std::string>();
    } else if (merge.is_string()) {  // the older "left right"
      const auto text = merge.get<std::string>();
      const size_t space = text.find(' ');
      if (space == std::string::npos)
        throw_error<InputError>("{}: merge {} is '{}', not a pair", file, rank, text);
      left = text.substr(0, space);
      right = text.substr(space + 1);
    } else {
      throw_error<InputError>("{}: merge {} is {}, not a pair", file, rank, merge.dump());
    }
    merges_.insert_or_assign(pair_key(token_id(left, rank), token_id(right, rank)),
                             Merge{static_cast<int32_t>(rank), token_id(left + right, rank)});
  }
}

int32_t BpeModel::id_of(std::string_view spelled) const {
  const auto found = vocabulary_.find(std::string(spelled));
  return found == vocabulary_.end() ? -1 : found->second;
}

const BpeModel::Merge* BpeModel::find_merge(int32_t left, int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void BpeModel::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  if (ignore_merges_) {
    std::string spelled;
    for (char c : piece) spelled += byte_spelling(static_cast<uint8_t>(c));
    if (const int32_t id = id_of(spelled); id >= 0) return ids.push_back(id);
  }
  std::vector<int32_t> symbols(piece.size());
  for (size_t i = 0; i < piece.size(); ++i) {
    symbols[i] = byte_ids_[static_cast<uint8_t>(piece[i])];
    if (symbols[i] < 0)
      throw_error<InputError>("the tokenizer has no token for the character {}",
                              character_at(piece, i));
  }
  if (merges_.empty()) {
    ids.insert(ids.end(), symbols.begin(), symbols.end());
  } else {
    merge_pairs(symbols, ids);
  }
}

// Merges the pair of lowest rank, leftmost first, until none is left. A heap of candidates over a
// linked list of symbols: candidates that an earlier merge made stale are recognised when they come
// up.
void BpeModel::merge_pairs(std::vector<int32_t>& symbols, std::vector<int32_t>& ids) const {
  const auto size = static_cast<int32_t>(symbols.size());
  std::vector<int32_t> previous(symbols.size()), next(symbols.size());
  for (int32_t i = 0; i < size; ++i) {
    previous[i] = i - 1;
    next[i] = i + 1 < size ? i + 1 : -1;
  }
  struct Candidate {
    int32_t rank, position, left, right, id;
    bool operator<(const Candidate& other) const {  // the heap's top is the largest
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  std::priority_queue<Candidate> candidates;
  const auto consider = [&](int32_t position) {
    if (position < 0 || next[position] < 0) return;
    const int32_t left = symbols[position], right = symbols[next[position]];
    if (const Merge* merge = find_merge(left, right))
      candidates.push({merge->rank, position, left, right, merge->id});
  };
  for (int32_t i = 0; i < size; ++i) consider(i);
  while (!candidates.empty()) {
    const Candidate c = candidates.top();
    candidates.pop();
    const int32_t right = symbols[c.position] == c.left ? next[c.position] : -1;
    if (right < 0 || symbols[right] != c.right) continue;
    symbols[c.position] = c.id;
    symbols[right] = -1;
    next[c.position] = next[right];
    if (next[right] >= 0) previous[next[right]] = c.position;
    consider(previous[c.position]);
    consider(c.position);
  }
  for (int32_t symbol : symbols)
    if (symbol >= 0) ids.push_back(symbol);
}

}  // namespace cohort
