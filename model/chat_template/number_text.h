// Numbers as Python reads and writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::chat {

std::string float_text(double value);  // repr: the shortest digits that give it back
std::optional<double> parse_float(std::string_view text);  // float(text)
// int(text, base); nothing where it raises ValueError. Throws Fault when it needs more than 64
// bits.
std::optional<int64_t> parse_int(std::string_view text, int64_t base);

}  // namespace cohort::chat
