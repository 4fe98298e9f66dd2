#include "rollout/data/prompt_template.h"

#include <algorithm>

namespace cohort {

namespace {

bool is_name_char(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

// Length of "{name}" at the front of `text`; 0 when there is no field.
size_t field_length(std::string_view text) {
  size_t n = 1;
  while (n < text.size() && is_name_char(text[n], n == 1)) ++n;
  return n > 1 && n < text.size() && text[n] == '}' ? n + 1 : 0;
}

}  // namespace

PromptTemplate::PromptTemplate(std::string_view text) {
  std::string plain;
  auto flush = [&] {
    if (!plain.empty()) parts_.push_back({false, std::move(plain)});
    plain.clear();
  };
  while (!text.empty()) {
    const size_t length = text[0] == '{' ? field_length(text) : 0;
    if (length > 0) {
      flush();
      parts_.push_back({true, std::string(text.substr(1, length - 2))});
      text.remove_prefix(length);
    } else {
      plain += text[0];
      text.remove_prefix(1);
    }
  }
  flush();
}

std::string PromptTemplate::render(
    const std::function<std::string(const std::string& key)>& field) const {
  std::string text;
  for (const Part& part : parts_) text += part.is_field ? field(part.text) : part.text;
  return text;
}

bool PromptTemplate::has_fields() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.is_field; });
}

bool PromptTemplate::uses(std::string_view key) const {
  return std::ranges::any_of(parts_,
                             [&](const Part& part) { return part.is_field && part.text == key; });
}

}  // namespace cohort
