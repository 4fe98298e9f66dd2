// SIGINT, SIGTERM, SIGUSR1 and run.time_limit: the run saves at the end of the step and leaves. A
// second signal ends the process at once.
#pragma once

#include <chrono>

#include "core/comm/communicator.h"

namespace cohort {

class Interrupt {
 public:
  // Installs the handlers; time_limit_s 0: none.
  explicit Interrupt(double time_limit_s);
  ~Interrupt();  // restores what was there
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Every rank calls it at the end of a step: true on all of them when any was asked to leave, or
  // when another step like the longest so far may not end within the time limit.
  bool should_leave(Communicator& comm);
  // The same within a step that may never end: once the time limit is near.
  bool should_leave_within_step(Communicator& comm);
  // Steps of another stage follow, of another length.
  void begin_stage();
  // "signal 15", "run.time_limit"; for the message.
  const char* reason() const;

 private:
  using Clock = std::chrono::steady_clock;
  bool agree(Communicator& comm) const;
  void note_time(double room_s);

  double time_limit_s_;
  Clock::time_point start_ = Clock::now(), last_ = start_;
  double longest_step_s_ = 0;
  bool by_time_ = false;
};

}  // namespace cohort
