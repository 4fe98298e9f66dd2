#include "core/io/shown.h"

#include <fmt/format.h>

namespace cohort {

std::string shown(std::string_view text) {
  constexpr size_t kMost = 100;
  std::string out;
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return text.size() > kMost ? out + "..." : out;
}

}  // namespace cohort
