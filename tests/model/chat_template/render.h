// Rendering in one line, and the message of what is refused.
#pragma once

#include <string>

#include "core/base/error.h"
#include "model/chat_template/chat_template.h"

namespace cohort {

// 2024-07-26 07:05:09, a Friday: the clock of the goldens.
inline std::tm golden_now() {
  std::tm now{};
  now.tm_year = 124;
  now.tm_mon = 6;
  now.tm_mday = 26;
  now.tm_hour = 7;
  now.tm_min = 5;
  now.tm_sec = 9;
  now.tm_wday = 5;
  now.tm_yday = 207;
  return now;
}

inline std::string render(const std::string& text,
                          nlohmann::ordered_json kwargs = nlohmann::ordered_json::object()) {
  Conversation conversation;
  conversation.kwargs = std::move(kwargs);
  return ChatTemplate::parse(text, "t.jinja").render(conversation);
}

// Empty when nothing is thrown.
template <class F>
std::string refusal(F&& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}
inline std::string refusal_of(const std::string& text) {
  return refusal([&] { render(text); });
}

}  // namespace cohort
