#include "model/tokenizer/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace cohort {
namespace {

bool is_continuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// Bytes of ASCII from `position` on, eight at a time.
size_t skip_ascii(std::string_view text, size_t position) {
  while (position + 8 <= text.size()) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + position, 8);
    if ((bytes & 0x8080808080808080u) != 0) break;
    position += 8;
  }
  return position;
}

}  // namespace

Utf8Step next_utf8(std::string_view text, size_t position) {
  const auto byte = [&](size_t i) {
    return position + i < text.size() ? static_cast<uint8_t>(text[position + i]) : 0;
  };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {1, 1, lead};
  size_t length;
  // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
  uint8_t low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {0, 1, 0};
  }
  char32_t code_point = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const uint8_t next = byte(i);
    if (next < (i == 1 ? low : 0x80) || next > (i == 1 ? high : 0xBF)) return {0, i, 0};
    code_point = code_point << 6 | (next & 0x3F);
  }
  return {length, length, code_point};
}

std::string_view utf8_before(std::string_view text, size_t position) {
  size_t begin = position;
  while (begin > 0)
    if (!is_continuation(text[--begin])) break;
  return text.substr(begin, position - begin);
}

size_t first_invalid_utf8(std::string_view text) {
  for (size_t i = skip_ascii(text, 0); i < text.size();) {
    const size_t length = next_utf8(text, i).length;
    if (length == 0) return i;
    i += length;
    if (length == 1) i = skip_ascii(text, i);
  }
  return std::string_view::npos;
}

size_t unfinished_utf8(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const size_t begin = text.size() - back;
    if (is_continuation(text[begin])) continue;
    const Utf8Step step = next_utf8(text, begin);
    // Broken only because the text ends: every byte so far is one that may stand there.
    return step.length == 0 && step.skip == back && static_cast<uint8_t>(text[begin]) >= 0xC2 &&
                   static_cast<uint8_t>(text[begin]) <= 0xF4
               ? back
               : 0;
  }
  return 0;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const size_t ascii = skip_ascii(bytes, i);
    out.append(bytes, i, ascii - i);
    i = ascii;
    if (i == bytes.size()) break;
    const Utf8Step step = next_utf8(bytes, i);
    if (step.length > 0) {
      out.append(bytes, i, step.length);
      i += step.length;
    } else {
      out += "\xEF\xBF\xBD";
      i += step.skip;
    }
  }
  return out;
}

}  // namespace cohort
