// Inside core/io only: JSON of files that may be hostile.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace cohort {

// Throws InputError "WHERE: ..." for text that is not JSON or not UTF-8, for a key that an object
// has twice, for a number beyond double, and for nesting deeper than our formats have. Takes time
// in proportion to the text.
nlohmann::json parse_strict_json(const std::string& where, std::string_view text);

// The same of an object too long to be held whole: each member goes to `member` when it is read,
// and is forgotten then. A member may hold arrays and objects of two levels, and arrays of at most
// 65,536 elements.
void parse_strict_members(
    const std::string& where, std::string_view text,
    const std::function<void(const std::string& key, const nlohmann::json& value)>& member);

}  // namespace cohort
