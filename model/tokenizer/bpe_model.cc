#include "model/tokenizer/bpe_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "model/tokenizer/byte_alphabet.h"
#include "model/tokenizer/json_fields.h"
#include "model/tokenizer/utf8.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

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

}  // namespace

BpeModel::BpeModel(const json& model, const std::string& file, bool byte_level)
    : byte_level_(byte_level) {
  if (!model.is_object()) throw_error<InputError>("{}: model is missing", file);
  const Fields fields{model, file + ": model"};
  // The first files of this form had no type; only BPE has merges.
  if (const std::string type = fields.text("type", model.contains("merges") ? "BPE" : "(none)");
      type != "BPE")
    fields.refuse("type " + type);
  fields.only({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
               "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!fields.text(key, "").empty()) fields.refuse(key);
  if (model.contains("dropout") && !model["dropout"].is_null() && model["dropout"] != 0.0)
    fields.refuse("dropout");
  byte_fallback_ = fields.flag("byte_fallback", false);
  fuse_unknown_ = fields.flag("fuse_unk", false);
  ignore_merges_ = fields.flag("ignore_merges", false);
  read_vocabulary(fields.at("vocab"), file);
  read_base(model, file);
  if (model.contains("merges")) read_merges(model["merges"], file);
  find_whole_tokens();
}

void BpeModel::read_vocabulary(const json& vocabulary, const std::string& file) {
  if (!vocabulary.is_object()) throw_error<InputError>("{}: model.vocab is not an object", file);
  std::vector<bool> seen;
  for (const auto& [token, entry] : vocabulary.items()) {
    const auto fail = [&](const std::string& what) {
      throw_error<InputError>("{}: token {} has id {}, {}", file, token, entry.dump(), what);
    };
    if (!entry.is_number_integer() || entry < 0 || entry > kMaxId)
      fail(fmt::format("expected an integer in [0, {}]", kMaxId));
    const auto id = entry.get<int32_t>();
    if (seen.size() <= static_cast<size_t>(id)) seen.resize(static_cast<size_t>(id) + 1);
    if (seen[static_cast<size_t>(id)]) fail("which another token has");
    seen[static_cast<size_t>(id)] = true;
    if (!byte_level_) {
      tokens_.insert(token, 2 * id);
    } else if (const auto bytes = spelled_bytes(token)) {
      tokens_.insert(*bytes, 2 * id);
    } else {
      unspelled_.emplace(token, id);
    }
  }
}

// What every character is made of when no token is it.
void BpeModel::read_base(const json& model, const std::string& file) {
  const Fields fields{model, file + ": model"};
  bool every_byte = true;
  for (int byte = 0; byte < 256; ++byte) {
    byte_ids_[byte] = id_of(byte_level_ ? byte_spelling(static_cast<uint8_t>(byte))
                                        : fmt::format("<0x{:02X}>", byte));
    every_byte = every_byte && byte_ids_[byte] >= 0;
  }
  const std::string unknown = fields.text("unk_token", "");
  if (byte_level_) {
    // With a token for every byte nothing is ever unknown.
    if (every_byte) return;
    if (!unknown.empty()) fields.refuse("unk_token without a token for every byte");
    if (byte_fallback_) fields.refuse("byte_fallback without a token for every byte");
  } else if (!unknown.empty()) {
    unknown_id_ = id_of(unknown);
    if (unknown_id_ < 0)
      throw_error<InputError>("{}: unk_token {} is not in the vocabulary", file, unknown);
  }
}

void BpeModel::read_merges(const json& merges, const std::string& file) {
  if (!merges.is_array()) throw_error<InputError>("{}: model.merges is not a list", file);
  cuts_ = !byte_level_ && id_of(kSpaceMark) >= 0;
  int32_t rank = 0;
  const auto token_id = [&](const std::string& token) {
    const int32_t id = id_of(token);
    if (id < 0)
      throw_error<InputError>("{}: merge {} names {}, which is not in the vocabulary", file, rank,
                              token);
    return id;
  };
  for (const json& merge : merges) {
    std::string left, right;
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      left = merge[0].get<std::string>();
      right = merge[1].get<std::string>();
    } else if (merge.is_string()) {  // the older "left right"
      const auto& text = merge.get_ref<const std::string&>();
      if (text.starts_with("#version")) continue;
      const size_t space = text.find(' ');
      if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos)
        throw_error<InputError>("{}: merge {} is '{}', not a pair", file, rank, text);
      left = text.substr(0, space);
      right = text.substr(space + 1);
    } else {
      throw_error<InputError>("{}: merge {} is {}, not a pair", file, rank, merge.dump());
    }
    const int32_t left_id = token_id(left);
    merges_.set(left_id, token_id(right), {rank, token_id(left + right)});
    note_merge(left, left_id, left + right);
    ++rank;
  }
}

void BpeModel::note_merge(const std::string& left, int32_t left_id, const std::string& product) {
  if (!cuts_) return;
  // These stand for other text than their own, so what they may be joined to cannot be told.
  if (left_id == unknown_id_ || (byte_fallback_ && left.size() == 6 &&
                                 std::find(byte_ids_, byte_ids_ + 256, left_id) != byte_ids_ + 256))
    cuts_ = false;
  for (size_t at = product.find(kSpaceMark, 1); at != std::string::npos;
       at = product.find(kSpaceMark, at + 1)) {
    const char32_t before = next_utf8(utf8_before(product, at), 0).code_point;
    const auto place = std::lower_bound(glued_.begin(), glued_.end(), before);
    if (place == glued_.end() || *place != before) glued_.insert(place, before);
  }
}

void BpeModel::find_whole_tokens() {
  std::vector<int32_t> symbols, ids;
  std::vector<bool> whole;
  tokens_.for_each([&](std::string_view text, int32_t value) {
    symbols.clear();
    ids.clear();
    size_t bad = 0;
    if (begin_symbols(text, symbols, bad)) merges_.run(symbols, ids);
    whole.push_back(ids.size() == 1 && ids[0] == value / 2);
  });
  tokens_.update([&, i = size_t{0}](int32_t value) mutable { return value | int{whole[i++]}; });
}

int32_t BpeModel::id_of(std::string_view token) const {
  if (byte_level_) {
    const auto bytes = spelled_bytes(token);
    if (!bytes) {
      const auto found = unspelled_.find(std::string(token));
      return found == unspelled_.end() ? -1 : found->second;
    }
    const int32_t value = tokens_.find(*bytes);
    return value < 0 ? -1 : value / 2;
  }
  const int32_t value = tokens_.find(token);
  return value < 0 ? -1 : value / 2;
}

void BpeModel::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  if (ignore_merges_)
    if (const int32_t value = tokens_.find(piece); value >= 0) return ids.push_back(value / 2);
  size_t begin = 0;
  if (cuts_) {
    for (size_t at = piece.find(kSpaceMark, 1); at != std::string_view::npos;
         at = piece.find(kSpaceMark, at + kSpaceMark.size())) {
      const char32_t before = next_utf8(utf8_before(piece, at), 0).code_point;
      if (std::binary_search(glued_.begin(), glued_.end(), before)) continue;
      encode_part(piece.substr(begin, at - begin), ids);
      begin = at;
    }
  }
  encode_part(piece.substr(begin), ids);
}

void BpeModel::encode_part(std::string_view part, std::vector<int32_t>& ids) const {
  if (const int32_t value = tokens_.find(part); value >= 0 && value % 2 == 1)
    return ids.push_back(value / 2);
  static thread_local std::vector<int32_t> symbols;
  symbols.clear();
  size_t bad = 0;
  if (!begin_symbols(part, symbols, bad) && merges_.empty())
    throw_error<InputError>("the tokenizer has no token for the character {}",
                            character_at(part, bad));
  merges_.run(symbols, ids);
}

bool BpeModel::begin_symbols(std::string_view text, std::vector<int32_t>& symbols,
                             size_t& bad) const {
  if (!byte_level_) return begin_characters(text, symbols, bad);
  bool complete = true;
  for (size_t i = 0; i < text.size(); ++i) {
    if (const int32_t id = byte_ids_[static_cast<uint8_t>(text[i])]; id >= 0) {
      symbols.push_back(id);
    } else {
      bad = i;
      complete = false;
    }
  }
  return complete;
}

bool BpeModel::begin_characters(std::string_view text, std::vector<int32_t>& symbols,
                                size_t& bad) const {
  // An unknown symbol is put down when the next known character comes, which is after the bytes of
  // characters between them: so does the tokenizers library.
  bool unknown = false, complete = true;
  const auto put_unknown = [&] {
    if (unknown) symbols.push_back(unknown_id_);
    unknown = false;
  };
  for (size_t i = 0; i < text.size();) {
    const std::string_view character =
        text.substr(i, std::max<size_t>(next_utf8(text, i).length, 1));
    const auto byte_id = [&](char c) { return byte_ids_[static_cast<uint8_t>(c)]; };
    if (const int32_t value = tokens_.find(character); value >= 0) {
      put_unknown();
      symbols.push_back(value / 2);
    } else if (byte_fallback_ && std::all_of(character.begin(), character.end(),
                                             [&](char c) { return byte_id(c) >= 0; })) {
      for (char c : character) symbols.push_back(byte_id(c));
    } else if (unknown_id_ >= 0) {
      if (!fuse_unknown_) put_unknown();
      unknown = true;
    } else {
      bad = i;
      complete = false;
    }
    i += character.size();
  }
  put_unknown();
  return complete;
}

}  // namespace cohort
