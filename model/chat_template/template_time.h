// What strftime_now says: Conversation::now.
#pragma once

#include <ctime>
#include <optional>
#include <string_view>

namespace cohort {

// Midnight of a day of the form 2024-07-26; empty for what is none. The same on every machine, in
// every zone.
std::optional<std::tm> midnight_of(std::string_view day);
// This second, in the machine's zone.
std::tm local_time();

}  // namespace cohort
