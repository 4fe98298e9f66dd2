#include "model/tokenizer/added_tokens.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "core/base/error.h"
#include "model/tokenizer/json_fields.h"
#include "model/tokenizer/utf8.h"

namespace cohort {
namespace {

// Unicode's \w (UTS 18), as the tokenizers library looks for the borders of words.
bool is_word(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  const uint32_t category = U_GET_GC_MASK(point);
  return (category & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0 ||
         u_hasBinaryProperty(point, UCHAR_ALPHABETIC) ||
         u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL);
}
bool is_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

bool word_ends_before(std::string_view text, size_t position) {
  const std::string_view last = utf8_before(text, position);
  return !last.empty() && is_word(next_utf8(last, 0).code_point);
}
bool word_begins_at(std::string_view text, size_t position) {
  return position < text.size() && is_word(next_utf8(text, position).code_point);
}

size_t before_spaces(std::string_view text, size_t position) {
  while (position > 0) {
    const std::string_view last = utf8_before(text, position);
    if (!is_space(next_utf8(last, 0).code_point)) break;
    position -= last.size();
  }
  return position;
}
size_t after_spaces(std::string_view text, size_t position) {
  while (position < text.size()) {
    const Utf8Step step = next_utf8(text, position);
    if (!is_space(step.code_point)) break;
    position += step.length;
  }
  return position;
}

}  // namespace

void PrefixTree::add(std::string_view text, int32_t value) {
  begins_[static_cast<uint8_t>(text[0])] = true;
  uint32_t node = 0;
  for (char c : text) {
    const uint64_t edge = uint64_t{node} << 8 | static_cast<uint8_t>(c);
    const auto [child, is_new] = children_.try_emplace(edge, static_cast<uint32_t>(values_.size()));
    if (is_new) values_.push_back(-1);
    node = child->second;
  }
  values_[node] = value;
}

PrefixTree::Found PrefixTree::longest(std::string_view text, size_t position) const {
  Found found;
  uint32_t node = 0;
  for (size_t i = position; i < text.size(); ++i) {
    const auto child = children_.find(uint64_t{node} << 8 | static_cast<uint8_t>(text[i]));
    if (child == children_.end()) break;
    node = child->second;
    if (values_[node] >= 0) found = {values_[node], i + 1 - position};
  }
  return found;
}

AddedTokens::AddedTokens(const nlohmann::json& tokens, const Normalizer& normalizer,
                         const std::string& file)
    : normalizer_(normalizer) {
  if (tokens.is_null()) return;
  if (!tokens.is_array()) throw_error<InputError>("{}: added_tokens is not a list", file);
  for (const auto& entry : tokens) {
    const Fields fields{entry, fmt::format("{}: added token {}", file, entry.dump())};
    if (!entry.is_object()) throw_error<InputError>("{}: is not an object", fields.where);
    fields.only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    const AddedToken token{.id = static_cast<int32_t>(fields.integer("id", 0, INT32_MAX)),
                           .content = fields.text("content"),
                           .single_word = fields.flag("single_word"),
                           .lstrip = fields.flag("lstrip"),
                           .rstrip = fields.flag("rstrip"),
                           .normalized = fields.flag("normalized"),
                           .special = fields.flag("special")};
    if (token.content.empty()) throw_error<InputError>("{}: is empty", fields.where);
    if (!by_content_.emplace(token.content, all_.size()).second)
      throw_error<InputError>("{}: is listed twice", fields.where);
    all_.push_back(token);
  }
  for (size_t i = 0; i < all_.size(); ++i) {
    AddedToken& token = all_[i];
    std::string buffer;
    token.text = token.normalized ? normalizer_.apply(token.content, buffer) : token.content;
    if (!token.text.empty())
      (token.normalized ? normalized_ : raw_).add(token.text, static_cast<int32_t>(i));
  }
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? nullptr : &all_[found->second];
}

template <class Rest>
void AddedTokens::split_by(const PrefixTree& tokens, std::string_view text, bool special_as_text,
                           const TokenSink& token, const Rest& rest) const {
  size_t done = 0;  // text before it has been handed out
  for (size_t i = 0; i < text.size();) {
    if (!tokens.may_begin_with(text[i])) {
      ++i;
      continue;
    }
    const PrefixTree::Found found = tokens.longest(text, i);
    if (found.value < 0) {
      ++i;
      continue;
    }
    const AddedToken& added = all_[static_cast<size_t>(found.value)];
    size_t begin = i, end = i + found.length;
    // The search goes on behind the token itself, also inside the white space that it takes: so
    // does the tokenizers library.
    i = end;
    if (special_as_text && added.special) continue;
    if (added.single_word && (word_ends_before(text, begin) || word_begins_at(text, end))) continue;
    if (added.lstrip) begin = std::max(before_spaces(text, begin), done);
    if (added.rstrip) end = after_spaces(text, end);
    if (begin >= end) continue;  // white space that the token before has taken whole
    if (begin > done) rest(text.substr(done, begin - done), done == 0);
    token(added.id);
    done = end;
  }
  if (done < text.size()) rest(text.substr(done), done == 0);
}

void AddedTokens::split(std::string_view text, bool special_as_text, const TokenSink& token,
                        const RestSink& rest) const {
  std::string buffer;
  split_by(raw_, text, special_as_text, token, [&](std::string_view piece, bool at_start) {
    split_by(normalized_, normalizer_.apply(piece, buffer), special_as_text, token,
             [&](std::string_view part, bool first) { rest(part, at_start && first); });
  });
}

}  // namespace cohort
