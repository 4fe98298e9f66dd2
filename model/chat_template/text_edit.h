// Text made from text, as Python's str and Jinja's filters make it.
#pragma once

#include <string>
#include <string_view>

#include "model/chat_template/heap.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

// str.replace; limit < 0: all.
std::string replaced(Heap& heap, std::string_view text, std::string_view old, std::string_view with,
                     int64_t limit);

enum class Side { kLeft, kRight, kCenter };
// Filled up to `width` characters; `side` is where the text stands.
std::string justified(Heap& heap, const Text& text, int64_t width, std::string_view fill,
                      Side side);

bool is_lower_text(std::string_view text);  // str.islower
bool is_upper_text(std::string_view text);  // str.isupper

}  // namespace cohort::chat
