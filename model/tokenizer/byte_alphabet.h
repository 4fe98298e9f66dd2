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

}  // namespace cohort
