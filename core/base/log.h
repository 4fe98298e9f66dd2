// Log lines go to stderr and, once a run folder exists, to its log.txt. Rank 0 speaks; other ranks
// only warn and fail. Results of a command go to stdout by the command itself, never through here.
#pragma once

#include <fmt/format.h>

#include <string>

namespace cohort {

enum class LogLevel { debug, info, warning, error };

void log_configure(int rank, LogLevel level);
void log_to_file(const std::string& path);  // appends; throws IoError
void log_line(LogLevel level, const std::string& text);

template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cohort
