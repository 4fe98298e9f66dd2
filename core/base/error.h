// The one family of exceptions. Libraries throw; only main() catches, logs one line, and ends the
// job.
//
//   ConfigError   the user's configuration or command line      exit code 2
//   InputError    the user's data, weights or checkpoint        exit code 1
//   IoError       the system refused a file operation           exit code 1
//   CommError     another rank is missing or failed             exit code 1
//   CheckError    a broken invariant of this program            exit code 1
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace cohort {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ConfigError : public Error {
 public:
  using Error::Error;
};
class InputError : public Error {
 public:
  using Error::Error;
};
class IoError : public Error {
 public:
  using Error::Error;
};
class CommError : public Error {
 public:
  using Error::Error;
};
class CheckError : public Error {
 public:
  using Error::Error;
};

// throw_error<InputError>("{}: tensor {} has shape {}", file, name, shape)
template <class E, class... Args>
[[noreturn]] void throw_error(fmt::format_string<Args...> format, Args&&... args) {
  throw E(fmt::format(format, std::forward<Args>(args)...));
}

namespace detail {
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& message);
}  // namespace detail

}  // namespace cohort

// Always on, in release builds too. The message says what must hold: COHORT_CHECK(n > 0, "n = {}",
// n).
#define COHORT_CHECK(condition, ...)                                                              \
  do {                                                                                            \
    if (!(condition)) [[unlikely]]                                                                \
      ::cohort::detail::check_failed(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)

// Prints both operands.
#define COHORT_CHECK_EQ(a, b)                                                           \
  do {                                                                                  \
    const auto& check_a = (a);                                                          \
    const auto& check_b = (b);                                                          \
    if (!(check_a == check_b)) [[unlikely]]                                             \
      ::cohort::detail::check_failed(__FILE__, __LINE__, #a " == " #b,                  \
                                     ::fmt::format("{} against {}", check_a, check_b)); \
  } while (false)
