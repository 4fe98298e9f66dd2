// What a person watches: one live line on a terminal, plain lines at intervals in a file. Rank 0
// speaks.
#pragma once

#include <chrono>
#include <string>

#include "trainer/metrics.h"

namespace cohort {

class Progress {
 public:
  Progress(std::string stage, int64_t first_step, int64_t total_steps, bool leader);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // After each step. `tokens`: how many the step sampled or trained on.
  void step(int64_t step, const Metrics& metrics, double tokens);
  // Takes the live line away; call before any other line is logged.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::string text(int64_t step, const Metrics& metrics, double tokens_per_s) const;

  std::string stage_;
  int64_t first_step_, total_steps_;
  bool leader_, terminal_;
  bool line_shown_ = false;
  Clock::time_point start_ = Clock::now(), last_shown_, last_step_ = start_;
};

// A text on one line, cut at `width` characters.
std::string one_line(const std::string& text, size_t width);

}  // namespace cohort
