// The lines between Cohort and a plugin: one JSON object each, in UTF-8.
//
//   request  {"id": 7, "prompt": "...", "answer": "gold", "completions": ["...", "..."],
//             "tokens": [12, 9], "truncated": [false, false], "accuracy": ["correct", "incorrect"]}
//   reply    {"id": 7, "values": [1.0, 0.0], "verdicts": ["correct", "incorrect"],
//             "reasons": ["ok", "too rude"]}
//   or       {"id": 7, "error": "what went wrong"}
//
// "accuracy" is there when the rubric has an accuracy component; "verdicts" and "reasons" may be
// left out of a reply.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rewards/reward.h"

namespace cohort {

// Bytes that are not UTF-8 become U+FFFD.
std::string encode_request(int64_t id, const RewardGroup& group);

// What encode_request() wrote; `group` points into the other members.
struct PluginRequest {
  int64_t id = 0;
  std::string prompt, answer;
  std::vector<std::string> completions;
  std::vector<RewardInput> inputs;
  std::vector<RewardResult> accuracy;
};
PluginRequest decode_request(std::string_view line);  // throws InputError

std::string encode_reply(int64_t id, const std::vector<double>& values,
                         const std::vector<Verdict>& verdicts,
                         const std::vector<std::string>& reasons);
std::string encode_error(int64_t id, std::string_view message);

// Fills `results` and returns an empty text, or says in what way the line is no reply to request
// `id` for so many completions, or that it nests deeper than 8 levels: then `results` is as before.
// A reason that is a name of rewards/reason.h is that reason; any other
// text is Reason::plugin with the text in `extracted`. A value without a verdict is correct above
// 0, else incorrect. An "error" makes every result undecided, with Reason::plugin_failed. Texts are
// kept to 1,000 characters.
std::string decode_reply(std::string_view line, int64_t id, std::span<RewardResult> results);

}  // namespace cohort
