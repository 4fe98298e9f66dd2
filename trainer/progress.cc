#include "trainer/progress.h"

#include <unistd.h>

#include <cstdio>

#include "core/base/log.h"

namespace cohort {
namespace {

constexpr double kTerminalInterval = 0.1, kFileInterval = 10.0;  // seconds

double seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

std::string time_text(double s) {
  const auto whole = static_cast<int64_t>(s + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02d} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02d} h", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(std::string stage, int64_t first_step, int64_t total_steps, bool leader)
    : stage_(std::move(stage)),
      first_step_(first_step),
      total_steps_(total_steps),
      leader_(leader),
      terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (!line_shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  line_shown_ = false;
}

std::string Progress::text(int64_t step, const Metrics& metrics, double tokens_per_s) const {
  std::string text = fmt::format("{} {}/{}", stage_, step, total_steps_);
  const auto add = [&](const char* key, const char* label, int digits) {
    const auto found = metrics.find(key);
    if (found != metrics.end()) text += fmt::format("  {} {:.{}f}", label, found->second, digits);
  };
  add("loss/nll", "loss", 3);
  add("reward/mean", "reward", 3);
  add("accuracy", "accuracy", 3);
  add("val/accuracy", "val accuracy", 3);
  add("response_length/mean", "length", 1);
  const double elapsed = seconds(Clock::now() - start_);
  const auto done = static_cast<double>(step - first_step_);
  const auto left = static_cast<double>(total_steps_ - step);
  text += fmt::format("  {:.0f} tokens/s", tokens_per_s);
  if (done > 0 && left > 0) text += fmt::format("  {} left", time_text(elapsed / done * left));
  return text;
}

void Progress::step(int64_t step, const Metrics& metrics, double tokens) {
  if (!leader_) return;
  const Clock::time_point now = Clock::now();
  const double rate = tokens / std::max(1e-9, seconds(now - last_step_));
  last_step_ = now;
  const bool last = step == total_steps_;
  const double interval = terminal_ ? kTerminalInterval : kFileInterval;
  if (!last && seconds(now - last_shown_) < interval) return;
  last_shown_ = now;
  const std::string line = text(step, metrics, rate);
  if (terminal_ && !last) {
    std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
    std::fflush(stderr);
    line_shown_ = true;
  } else {
    clear();
    log_info("{}", line);
  }
}

std::string one_line(const std::string& text, size_t width) {
  std::string line;
  for (const char c : text) {
    if (c == '\n')
      line += "\\n";
    else if (c != '\r')
      line += c;
  }
  if (line.size() <= width) return line;
  size_t end = width;  // not inside a UTF-8 character
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return line.substr(0, end) + "...";
}

}  // namespace cohort
