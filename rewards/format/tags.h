// R1's four tags.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace cohort {

inline constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
inline constexpr std::string_view kAnswer = "<answer>", kEndAnswer = "</answer>";
inline constexpr std::array kTags = {kThink, kEndThink, kAnswer, kEndAnswer};  // in their order

// The chain of thought: from the first <think> to the last </think>, or to the end when that is
// missing; from the start when only <think> is. Empty when there is no thinking tag.
std::optional<std::string_view> thinking_of(std::string_view completion);

}  // namespace cohort
