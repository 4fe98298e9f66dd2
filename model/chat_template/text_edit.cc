#include "model/chat_template/text_edit.h"

#include <algorithm>

#include "model/chat_template/code_points.h"
#include "model/chat_template/text_search.h"

namespace cohort::chat {
namespace {

void repeat(std::string& out, std::string_view text, int64_t count) {
  for (; count > 0; --count) out += text;
}

// Of characters with a case all are of one; another one, or a title case, is `wrong`.
bool has_case(std::string_view text, bool (*right)(char32_t), bool (*wrong)(char32_t)) {
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (wrong(c) || is_title(c)) return false;
    any = any || right(c);
  }
  return any;
}

}  // namespace

std::string replaced(Heap& heap, std::string_view text, std::string_view old, std::string_view with,
                     int64_t limit) {
  heap.read(text.size() + old.size() + with.size());
  std::string out;
  if (old.empty()) {
    // Before each character, and at the end.
    int64_t places = count_code_points(text) + 1;
    if (limit >= 0) places = std::min(places, limit);
    heap.allow(static_cast<int64_t>(text.size()) + places * static_cast<int64_t>(with.size()));
    for (size_t at = 0; at < text.size();) {
      if (places-- > 0) out += with;
      const size_t begin = at;
      next_code_point(text, at);
      out += text.substr(begin, at - begin);
    }
    if (places > 0) out += with;
    return out;
  }
  const auto parts = split_at(text, old, limit);
  heap.allow(static_cast<int64_t>(text.size() + parts.size() * with.size()));
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i) out += with;
    out += parts[i];
  }
  return out;
}

std::string justified(Heap& heap, const Text& text, int64_t width, std::string_view fill,
                      Side side) {
  if (width <= text.length) return text.bytes;
  const int64_t missing = width - text.length;
  int64_t bytes = 0;
  if (__builtin_mul_overflow(missing, static_cast<int64_t>(fill.size()), &bytes)) bytes = INT64_MAX;
  heap.allow(bytes);
  heap.read(bytes);
  int64_t left = side == Side::kRight ? missing : 0;
  if (side == Side::kCenter) left = missing / 2 + (missing & width & 1);
  std::string out;
  repeat(out, fill, left);
  out += text.bytes;
  repeat(out, fill, missing - left);
  return out;
}

bool is_lower_text(std::string_view text) { return has_case(text, is_lower, is_upper); }
bool is_upper_text(std::string_view text) { return has_case(text, is_upper, is_lower); }

}  // namespace cohort::chat
