#include "rewards/math/extract/final_part.h"

#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
constexpr auto kNone = std::string_view::npos;

// The length of "<|name|>" at `at`; 0 when there is none.
size_t chat_token(std::string_view text, size_t at) {
  if (!text.substr(at).starts_with("<|")) return 0;
  size_t i = at + 2;
  while (i < text.size() && i < at + 40 &&
         (is_letter(text[i]) || is_digit(text[i]) || text[i] == '_'))
    ++i;
  if (i == at + 2 || !text.substr(i).starts_with("|>")) return 0;
  return i + 2 - at;
}

std::string_view before_chat_token(std::string_view text) {
  for (text = trim(text); !text.empty();) {
    const size_t length = chat_token(text, 0);
    if (length == 0) break;
    text = trim(text.substr(length));
  }
  for (size_t at = text.find("<|"); at != kNone; at = text.find("<|", at + 1))
    if (chat_token(text, at) > 0) return text.substr(0, at);
  return text;
}

}  // namespace

FinalPart final_part(std::string_view completion) {
  FinalPart part;
  size_t start = 0;
  if (const size_t end = completion.rfind(kEndThink); end != kNone) start = end + kEndThink.size();
  part.text = completion.substr(start);
  part.thinking = completion.substr(0, start);
  if (const size_t open = part.text.find(kThink); open != kNone) {
    part.thinking = completion;
    part.text = part.text.substr(0, open);
  }
  part.text = before_chat_token(part.text);
  return part;
}

}  // namespace cohort::math
