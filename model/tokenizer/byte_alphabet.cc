#include "model/tokenizer/byte_alphabet.h"

#include <array>

namespace cohort {
namespace {

constexpr int kAlphabetEnd = 256 + 68;

struct Alphabet {
  std::array<std::string, 256> spelling;
  std::array<int, kAlphabetEnd> byte_of;  // by code point; -1: not of the alphabet
};

std::string encode_utf8(int code_point) {
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  return {static_cast<char>(0xC0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 0x3F))};
}

Alphabet make_alphabet() {
  Alphabet a;
  a.byte_of.fill(-1);
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    const int code_point = printable ? byte : next++;
    a.spelling[byte] = encode_utf8(code_point);
    a.byte_of[code_point] = byte;
  }
  return a;
}

const Alphabet& alphabet() {
  static const Alphabet kAlphabet = make_alphabet();
  return kAlphabet;
}

}  // namespace

const std::string& byte_spelling(uint8_t byte) { return alphabet().spelling[byte]; }

std::optional<std::string> spelled_bytes(std::string_view spelled) {
  std::string bytes;
  for (size_t i = 0; i < spelled.size();) {
    const Utf8Step step = next_utf8(spelled, i);
    if (step.length == 0 || step.code_point >= kAlphabetEnd) return std::nullopt;
    const int byte = alphabet().byte_of[step.code_point];
    if (byte < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
    i += step.length;
  }
  return bytes;
}

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

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Step step = next_utf8(bytes, i);
    if (step.length > 0) {
      out.append(bytes.substr(i, step.length));
      i += step.length;
    } else {
      out += "\xEF\xBF\xBD";
      i += step.skip;
    }
  }
  return out;
}

}  // namespace cohort
