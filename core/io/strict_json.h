// Inside core/io only: JSON of files that may be hostile.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace cohort {

// Throws InputError "WHERE: ..." for text that is not JSON or not UTF-8, for a key that an object
// has twice, and for nesting deeper than our formats have.
nlohmann::json parse_strict_json(const std::string& where, std::string_view text);

}  // namespace cohort
