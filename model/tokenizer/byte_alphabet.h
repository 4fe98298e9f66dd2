// GPT-2's spelling of bytes as printable characters: bytes 33-126, 161-172 and 174-255 are
// themselves, the other 68 are U+0100, U+0101, ... in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cohort {

// UTF-8 of the character that spells `byte`.
const std::string& byte_spelling(uint8_t byte);
// The bytes that `spelled` stands for; empty when one of its characters is not of the alphabet.
std::optional<std::string> spelled_bytes(std::string_view spelled);

// Length of the UTF-8 sequence that starts here; 0 when it is not valid (then `skip` bytes are one
// broken piece, as Unicode's "substitution of maximal subparts" counts them). code_point is set
// when valid.
struct Utf8Step {
  size_t length = 0;
  size_t skip = 1;
  char32_t code_point = 0;
};
Utf8Step next_utf8(std::string_view text, size_t position);
// Invalid pieces become U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace cohort
