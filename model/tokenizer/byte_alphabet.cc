#include "model/tokenizer/byte_alphabet.h"

#include <array>

#include "model/tokenizer/utf8.h"

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

}  // namespace cohort
