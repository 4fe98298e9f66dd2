#include "model/chat_template/text_search.h"

#include <cstring>
#include <string>

#include "model/chat_template/code_points.h"

namespace cohort::chat {
namespace {

bool in_set(std::string_view set, std::string_view character) {
  return find_bytes(set, character, 0) != std::string_view::npos;
}

bool is_line_end(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

std::string reversed(std::string_view text) { return {text.rbegin(), text.rend()}; }

}  // namespace

size_t find_bytes(std::string_view text, std::string_view needle, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  const void* at = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return at ? static_cast<const char*>(at) - text.data() : std::string_view::npos;
}

size_t rfind_bytes(std::string_view text, std::string_view needle) {
  const size_t at = find_bytes(reversed(text), reversed(needle), 0);
  return at == std::string_view::npos ? at : text.size() - at - needle.size();
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view separator,
                                       int64_t limit) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t at = find_bytes(text, separator, begin);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string_view> rsplit_at(std::string_view text, std::string_view separator,
                                        int64_t limit) {
  // The same from the other end: what is found in the reversed text, turned around.
  const std::string backwards = reversed(text);
  std::vector<std::string_view> parts = split_at(backwards, reversed(separator), limit);
  for (std::string_view& part : parts) {
    const size_t end = backwards.size() - (part.data() - backwards.data());
    part = text.substr(end - part.size(), part.size());
  }
  return {parts.rbegin(), parts.rend()};
}

std::vector<std::string_view> split_words(std::string_view text, int64_t limit) {
  std::vector<std::string_view> parts;
  for (text = strip_space_left(text); !text.empty(); text = strip_space_left(text)) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.push_back(text);
      break;
    }
    size_t end = 0, at = 0;
    while (at < text.size() && !is_space(next_code_point(text, at))) end = at;
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

std::vector<std::string_view> rsplit_words(std::string_view text, int64_t limit) {
  std::vector<std::string_view> parts;
  for (text = strip_space_right(text); !text.empty(); text = strip_space_right(text)) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.push_back(text);
      break;
    }
    size_t begin = text.size(), at = text.size();
    while (at > 0 && !is_space(previous_code_point(text, at))) begin = at;
    parts.push_back(text.substr(begin));
    text = text.substr(0, begin);
  }
  return {parts.rbegin(), parts.rend()};
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = at;
    const char32_t c = next_code_point(text, at);
    if (!is_line_end(c)) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back(text.substr(begin, (keep_ends ? at : end) - begin));
    begin = at;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string_view strip_left(std::string_view text, std::string_view set) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t begin = at;
    next_code_point(text, at);
    if (!in_set(set, text.substr(begin, at - begin))) return text.substr(begin);
  }
  return {};
}

std::string_view strip_right(std::string_view text, std::string_view set) {
  size_t at = text.size();
  while (at > 0) {
    const size_t end = at;
    previous_code_point(text, at);
    if (!in_set(set, text.substr(at, end - at))) return text.substr(0, end);
  }
  return {};
}

}  // namespace cohort::chat
