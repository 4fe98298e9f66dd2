#include "model/chat_template/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cohort::chat {
namespace {

constexpr std::array<std::string_view, 14> kUnsupported = {
    "batch",    "filesizeformat", "groupby", "pprint",    "random",   "slice",   "striptags",
    "truncate", "urlencode",      "urlize",  "wordcount", "wordwrap", "xmlattr", "forceescape"};

bool is_unsupported(std::string_view name) {
  return std::find(kUnsupported.begin(), kUnsupported.end(), name) != kUnsupported.end();
}

Filter find(std::string_view name) {
  if (const Filter filter = find_text_filter(name)) return filter;
  if (const Filter filter = find_number_filter(name)) return filter;
  return find_sequence_filter(name);
}

}  // namespace

bool is_filter_name(std::string_view name) { return is_unsupported(name) || find(name); }

void check_filter_name(const std::string& name, bool soft) {
  if (is_unsupported(name)) throw Fault(fmt::format("the filter '{}' is not supported", name));
  if (!soft && !find(name)) throw Fault(fmt::format("no filter named '{}'", name));
}

Value call_filter(Interpreter& interpreter, const std::string& name, const Value& value,
                  const Arguments& arguments) {
  const Filter filter = find(name);
  if (!filter) {
    check_filter_name(name, false);
    throw Fault("unreachable");
  }
  return filter(interpreter, value, arguments);
}

}  // namespace cohort::chat
