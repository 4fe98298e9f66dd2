// Finding text in text, in time that grows with the sum of both.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cohort::chat {

// Byte offsets; npos when there is none. An empty needle is found at once.
size_t find_bytes(std::string_view text, std::string_view needle, size_t from);
size_t rfind_bytes(std::string_view text, std::string_view needle);

// str.split and str.rsplit at a separator that is not empty; limit < 0: at all.
std::vector<std::string_view> split_at(std::string_view text, std::string_view separator,
                                       int64_t limit);
std::vector<std::string_view> rsplit_at(std::string_view text, std::string_view separator,
                                        int64_t limit);
// Without a separator: at runs of space, none at the ends.
std::vector<std::string_view> split_words(std::string_view text, int64_t limit);
std::vector<std::string_view> rsplit_words(std::string_view text, int64_t limit);
// str.splitlines.
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

// str.strip of any of the characters in `set`.
std::string_view strip_left(std::string_view text, std::string_view set);
std::string_view strip_right(std::string_view text, std::string_view set);

}  // namespace cohort::chat
