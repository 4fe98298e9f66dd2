#include "model/tokenizer/added_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "model/tokenizer/byte_alphabet.h"
#include "model/tokenizer/regex.h"

namespace cohort {
namespace {

bool is_word_character(std::string_view character) {
  static const Regex kWord("\\w", "word character");
  bool found = false;
  kWord.find_all(character, [&](size_t, size_t) { found = true; });
  return found;
}

bool is_white_space(std::string_view character) {
  static const Regex kSpace("\\s", "white space");
  bool found = false;
  kSpace.find_all(character, [&](size_t, size_t) { found = true; });
  return found;
}

// The character that ends before, or starts at, `position`; empty at the borders.
std::string_view character_before(std::string_view text, size_t position) {
  size_t begin = position;
  while (begin > 0) {
    --begin;
    if ((static_cast<uint8_t>(text[begin]) & 0xC0) != 0x80) break;
  }
  return text.substr(begin, position - begin);
}
std::string_view character_after(std::string_view text, size_t position) {
  if (position >= text.size()) return {};
  return text.substr(position, std::max<size_t>(next_utf8(text, position).length, 1));
}

}  // namespace

AddedTokens::AddedTokens(const nlohmann::json& tokens, const Normalizer& normalizer,
                         const std::string& file)
    : normalizer_(normalizer), raw_(256), normalized_(256) {
  if (tokens.is_null()) return;
  if (!tokens.is_array()) throw_error<InputError>("{}: added_tokens is not a list", file);
  for (const auto& entry : tokens) {
    if (!entry.is_object() || !entry.contains("id") || !entry["id"].is_number_integer() ||
        !entry.contains("content") || !entry["content"].is_string() ||
        entry["content"].get<std::string>().empty())
      throw_error<InputError>("{}: added token {} needs an id and a content", file, entry.dump());
    const int64_t id = entry["id"].get<int64_t>();
    if (id < 0 || id > INT32_MAX) throw_error<InputError>("{}: added token id {}", file, id);
    all_.push_back({.id = static_cast<int32_t>(id),
                    .content = entry["content"].get<std::string>(),
                    .single_word = entry.value("single_word", false),
                    .lstrip = entry.value("lstrip", false),
                    .rstrip = entry.value("rstrip", false),
                    .normalized = entry.value("normalized", false),
                    .special = entry.value("special", false)});
    AddedToken& token = all_.back();
    token.pattern = token.normalized ? normalizer_.apply(token.content) : token.content;
  }
  for (const AddedToken& token : all_) {
    ByFirstByte& table = token.normalized ? normalized_ : raw_;
    table[static_cast<uint8_t>(token.pattern[0])].push_back(&token);
  }
  for (ByFirstByte* table : {&raw_, &normalized_})
    for (auto& candidates : *table)
      std::stable_sort(candidates.begin(), candidates.end(), [](const auto* a, const auto* b) {
        return a->pattern.size() > b->pattern.size();
      });
}

const AddedToken* AddedTokens::match_at(const ByFirstByte& tokens, std::string_view text,
                                        size_t position) {
  for (const AddedToken* token : tokens[static_cast<uint8_t>(text[position])])
    if (text.substr(position).starts_with(token->pattern)) return token;
  return nullptr;
}

void AddedTokens::split_by(const ByFirstByte& tokens, std::string_view text,
                           const std::function<void(int32_t id)>& token,
                           const std::function<void(std::string_view piece)>& rest) {
  size_t done = 0;  // text before it has been handed out
  for (size_t i = 0; i < text.size();) {
    const AddedToken* found = match_at(tokens, text, i);
    if (found == nullptr) {
      ++i;
      continue;
    }
    size_t begin = i, end = i + found->pattern.size();
    i = end;
    if (found->single_word && (is_word_character(character_before(text, begin)) ||
                               is_word_character(character_after(text, end))))
      continue;
    if (found->lstrip)
      while (begin > done && is_white_space(character_before(text, begin)))
        begin -= character_before(text, begin).size();
    if (found->rstrip)
      while (is_white_space(character_after(text, end))) end += character_after(text, end).size();
    if (begin > done) rest(text.substr(done, begin - done));
    token(found->id);
    done = end;
    i = std::max(i, end);
  }
  if (done < text.size()) rest(text.substr(done));
}

void AddedTokens::split(std::string_view text, const std::function<void(int32_t id)>& token,
                        const std::function<void(std::string_view piece)>& rest) const {
  split_by(raw_, text, token, [&](std::string_view piece) {
    split_by(normalized_, normalizer_.apply(piece), token, rest);
  });
}

}  // namespace cohort
