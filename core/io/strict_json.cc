#include "core/io/strict_json.h"

#include <set>
#include <vector>

#include "core/base/error.h"
#include "core/io/shown.h"

namespace cohort {

using nlohmann::json;

json parse_strict_json(const std::string& where, std::string_view text) {
  constexpr int kMaxDepth = 16;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) throw_error<InputError>("{}: JSON nested too deep", where);
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key &&
        !keys.back().insert(parsed.get_ref<const std::string&>()).second)
      throw_error<InputError>("{}: key {} occurs twice", where, shown(parsed.dump()));
    return true;
  };
  if (const size_t nul = text.find('\0');
      nul != std::string_view::npos)  // the parser's end of text
    throw_error<InputError>("{}: not JSON at byte {}", where, nul + 1);
  try {
    return json::parse(text, check);
  } catch (const json::parse_error& e) {
    throw_error<InputError>(
        "{}: {} at byte {}", where,
        std::string_view(e.what()).find("ill-formed UTF-8") != std::string_view::npos
            ? "invalid UTF-8"
            : "not JSON",
        e.byte);
  }
}

}  // namespace cohort
