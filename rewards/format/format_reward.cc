#include "rewards/format/format_reward.h"

#include "rewards/format/tags.h"
#include "rewards/text/unicode.h"

namespace cohort {

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
bool has_think(std::string_view text) { return has(text, kThink) || has(text, kEndThink); }
bool has_answer(std::string_view text) { return has(text, kAnswer) || has(text, kEndAnswer); }
bool is_ascii_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

// Cuts the text before the first `mark` off `text`, and the mark; false when there is none.
bool cut_at(std::string_view& text, std::string_view mark, std::string_view& before) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return false;
  before = text.substr(0, at);
  text.remove_prefix(at + mark.size());
  return true;
}

// A complete block ```language ... ``` whose fence names that language alone.
bool has_code_block(std::string_view text, std::string_view language) {
  const std::string fence = "```" + std::string(language);
  for (size_t at = text.find(fence); at != std::string_view::npos; at = text.find(fence, at)) {
    at += fence.size();
    if (at < text.size() && has(" \t\r\n", text.substr(at, 1)))
      return text.find("```", at) != std::string_view::npos;
  }
  return false;
}

// A body that begins and ends on lines of its own.
bool is_on_own_lines(std::string_view body) {
  return body.size() >= 2 && body.front() == '\n' && body.back() == '\n';
}

struct Parts {
  std::string_view before, thinking, between, answer, after;
};

Reason split(std::string_view text, bool answer_tags, Parts& parts) {
  auto& [before, thinking, between, answer, after] = parts;
  if (!cut_at(text, kThink, before)) return Reason::no_think;
  if (!is_ascii_blank(before))
    return has_answer(before) ? Reason::think_out_of_place : Reason::text_outside_tags;
  if (!cut_at(text, kEndThink, thinking)) return Reason::no_think;
  if (!answer_tags) {
    answer = text;
    if (has_answer(thinking) || has_answer(answer) || has_think(answer))
      return Reason::think_out_of_place;
    return has(thinking, kThink) ? Reason::repeated_tag : Reason::ok;
  }
  if (!cut_at(text, kAnswer, between)) return Reason::no_answer;
  if (has_think(between)) return Reason::think_out_of_place;
  if (!is_ascii_blank(between)) return Reason::text_outside_tags;
  if (!cut_at(text, kEndAnswer, answer)) return Reason::unterminated_answer;
  after = text;
  if (has_think(answer) || has_think(after)) return Reason::think_out_of_place;
  if (has(thinking, kThink) || has_answer(thinking) || has(answer, kAnswer) || has_answer(after))
    return Reason::repeated_tag;
  return is_ascii_blank(after) ? Reason::ok : Reason::text_outside_tags;
}

// <think>\n ... \n</think>\n<answer>\n ... \n</answer>
bool has_newlines(const Parts& parts, bool answer_tags) {
  if (!parts.before.empty() || !is_on_own_lines(parts.thinking)) return false;
  if (!answer_tags) return parts.answer.starts_with('\n');
  return parts.between == "\n" && is_on_own_lines(parts.answer);
}

}  // namespace

Reason check_format(std::string_view completion, const FormatRule& rule) {
  Parts parts;
  const Reason reason = split(completion, rule.answer_tags, parts);
  if (reason != Reason::ok) return reason;
  if (rule.newlines && !has_newlines(parts, rule.answer_tags)) return Reason::missing_newline;
  if (!rule.allow_empty_think && is_blank_text(parts.thinking)) return Reason::empty_think;
  if (is_blank_text(parts.answer)) return Reason::empty_answer;
  if (!rule.code_block.empty() && !has_code_block(parts.answer, rule.code_block))
    return Reason::no_code;
  return Reason::ok;
}

RewardResult FormatReward::score(const RewardInput& input) const {
  const Reason reason = input.truncated ? Reason::truncated : check_format(input.completion, rule_);
  if (reason != Reason::ok) return {0, Verdict::incorrect, reason};
  return {1, Verdict::correct, Reason::ok};
}

void FormatSettings::describe(Fields& f) {
  f.field("answer_tags", rule.answer_tags,
          "The answer stands in <answer> tags; false: it is what follows </think>.");
  f.field("allow_empty_think", rule.allow_empty_think, "Thinking may be blank.");
  f.field("newlines", rule.newlines,
          "Each tag must stand on a line of its own, as open-r1 has it.");
  f.field("code_block", rule.code_block,
          "Language of a block (```python) that the answer must hold; empty: none.");
}

}  // namespace cohort
