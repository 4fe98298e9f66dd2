#include "core/base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>

#include "core/base/error.h"

namespace cohort {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_color_mt("cohort");
    made->set_pattern("%H:%M:%S %^%l%$ %v");
    // A log that cannot be written (a full disk) ends no run, and is told once.
    made->set_error_handler([](const std::string& text) {
      static std::atomic<bool> told{false};
      if (!told.exchange(true)) std::fprintf(stderr, "warning: %s\n", text.c_str());
    });
    return made;
  }();
  return *instance;
}

}  // namespace

void log_configure(int rank, LogLevel level) {
  logger().set_level(to_spdlog(rank == 0 ? level : std::max(level, LogLevel::warning)));
  if (rank != 0) logger().set_pattern(fmt::format("%H:%M:%S %^%l%$ [rank {}] %v", rank));
}

void log_to_file(const std::string& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    sink->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
    auto& sinks = logger().sinks();
    sinks.resize(1);  // a process that makes a second run leaves the first one's log
    sinks.push_back(std::move(sink));
    logger().flush_on(spdlog::level::info);
  } catch (const spdlog::spdlog_ex& e) {
    throw_error<IoError>("{}: cannot write the log: {}", path, e.what());
  }
}

void log_line(LogLevel level, const std::string& text) { logger().log(to_spdlog(level), text); }

}  // namespace cohort
