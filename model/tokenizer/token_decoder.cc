#include "model/tokenizer/token_decoder.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "model/tokenizer/byte_alphabet.h"
#include "model/tokenizer/json_fields.h"
#include "model/tokenizer/split_stages.h"
#include "model/tokenizer/utf8.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// The byte that a token of the form <0xNN> stands for; -1 for another token.
int byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return -1;
  unsigned byte = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  return error == std::errc() && end == token.data() + 5 ? static_cast<int>(byte) : -1;
}

std::string one_character(const Fields& fields, const char* key) {
  const std::string text = fields.text(key);
  if (text.empty() || next_utf8(text, 0).length != text.size())
    fields.refuse(fmt::format("{} '{}'", key, text));
  return text;
}

}  // namespace

TokenDecoder::TokenDecoder(const json& config, const std::string& file) {
  add(config, file);
  for (const Step& step : steps_)
    if (step.kind == Kind::byte_level && steps_.size() > 1)
      throw_error<InputError>("{}: decoder ByteLevel among others is not supported", file);
  if (steps_.empty()) throw_error<InputError>("{}: decoder without a component", file);
}

void TokenDecoder::add(const json& config, const std::string& file) {
  const Fields fields = Fields::of(config, file, "decoder");
  const std::string type = fields.type();
  if (type == "ByteLevel") {
    fields.only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    steps_.push_back({.kind = Kind::byte_level});
  } else if (type == "Metaspace") {
    const MetaspaceSettings settings(fields);
    steps_.push_back({.kind = Kind::metaspace,
                      .character = settings.replacement,
                      .drops_first = settings.prepend != MetaspaceSettings::Prepend::never});
  } else if (type == "Replace") {
    if (fused_) fields.refuse("a Replace after Fuse");
    steps_.push_back({.kind = Kind::replace, .replacement = {Replacement(fields)}});
  } else if (type == "ByteFallback") {
    fields.only({"type"});
    if (fused_) fields.refuse("a ByteFallback after Fuse");
    for (const Step& step : steps_)
      if (step.kind == Kind::byte_fallback) fields.refuse("a second ByteFallback");
    steps_.push_back({.kind = Kind::byte_fallback});
  } else if (type == "Fuse") {
    fields.only({"type"});
    fused_ = true;
    steps_.push_back({.kind = Kind::fuse});
  } else if (type == "Strip") {
    fields.only({"type", "content", "start", "stop"});
    if (fields.integer("stop", 0, INT32_MAX) != 0) fields.refuse("stop");
    steps_.push_back({.kind = Kind::strip,
                      .character = one_character(fields, "content"),
                      .count = fields.integer("start", 0, INT32_MAX),
                      .once = fused_});
  } else if (type == "Sequence") {
    fields.only({"type", "decoders"});
    for (const json& member : fields.list("decoders")) add(member, file);
  } else {
    throw_error<InputError>("{}: decoder {} is not supported", file, type);
  }
}

TokenDecoder::State TokenDecoder::begin() const {
  State state;
  for (const Step& step : steps_) state.left.push_back(step.count);
  return state;
}

std::string TokenDecoder::prepared(const std::string& token) const {
  // A token outside the byte alphabet is taken as it is.
  return steps_[0].kind == Kind::byte_level ? spelled_bytes(token).value_or(token) : token;
}

void TokenDecoder::push(State& state, std::string_view token, std::string& out) const {
  push_from(0, state, token, out);
  state.begun = true;
}

void TokenDecoder::push_from(size_t at, State& state, std::string_view token,
                             std::string& out) const {
  if (at == steps_.size()) {
    out += token;
    return;
  }
  const Step& step = steps_[at];
  switch (step.kind) {
    case Kind::byte_level: {
      state.held += token;
      const size_t complete = state.held.size() - unfinished_utf8(state.held);
      if (first_invalid_utf8(std::string_view(state.held).substr(0, complete)) == std::string::npos)
        out.append(state.held, 0, complete);
      else
        out += to_valid_utf8(std::string_view(state.held).substr(0, complete));
      state.held.erase(0, complete);
      return;
    }
    case Kind::metaspace: {
      std::string text;
      const bool drops = step.drops_first && !state.begun;
      for (size_t i = 0; i < token.size();) {
        if (token.compare(i, step.character.size(), step.character) == 0) {
          if (!drops) text += ' ';
          i += step.character.size();
        } else {
          text += token[i++];
        }
      }
      return push_from(at + 1, state, text, out);
    }
    case Kind::replace:
      return push_from(at + 1, state, step.replacement[0].apply(token), out);
    case Kind::byte_fallback:
      if (const int byte = byte_of(token); byte >= 0) {
        state.held.push_back(static_cast<char>(byte));
        return;
      }
      flush_bytes(at, state, out);
      return push_from(at + 1, state, token, out);
    case Kind::fuse:
      return push_from(at + 1, state, token, out);
    case Kind::strip: {
      int64_t count = step.once ? state.left[at] : step.count;
      while (count > 0 && token.starts_with(step.character)) {
        token.remove_prefix(step.character.size());
        --count;
      }
      if (step.once) state.left[at] = token.empty() ? count : 0;
      return push_from(at + 1, state, token, out);
    }
  }
}

// A run of byte tokens is text as a whole, or every byte of it is a replacement character.
void TokenDecoder::flush_bytes(size_t at, State& state, std::string& out) const {
  if (state.held.empty()) return;
  const std::string bytes = std::exchange(state.held, {});
  if (first_invalid_utf8(bytes) == std::string::npos) return push_from(at + 1, state, bytes, out);
  for (size_t i = 0; i < bytes.size(); ++i) push_from(at + 1, state, kReplacementCharacter, out);
}

void TokenDecoder::finish(State& state, std::string& out) const {
  for (size_t at = 0; at < steps_.size(); ++at) {
    if (steps_[at].kind == Kind::byte_fallback) flush_bytes(at, state, out);
    if (steps_[at].kind == Kind::byte_level) out += to_valid_utf8(std::exchange(state.held, {}));
  }
}

}  // namespace cohort
