#include "trainer/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace cohort {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGUSR1};
constexpr int kExitInterrupted = 130;
// Room beside the longest step for its checkpoint and for the last commit.
constexpr double kTimeMargin = 1.5;

std::atomic<int> signal_received{0};
std::array<struct sigaction, kSignals.size()> old_actions;

double seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

void on_signal(int signal) {
  if (signal_received.exchange(signal) != 0) ::_exit(kExitInterrupted);
}

}  // namespace

Interrupt::Interrupt(double time_limit_s) : time_limit_s_(time_limit_s) {
  signal_received = 0;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &old_actions[i]);
}

Interrupt::~Interrupt() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &old_actions[i], nullptr);
}

// Whether less than `room_s` of the time limit is left.
void Interrupt::note_time(double room_s) {
  if (time_limit_s_ > 0 && seconds(Clock::now() - start_) + room_s >= time_limit_s_)
    by_time_ = true;
}

bool Interrupt::agree(Communicator& comm) const {
  int64_t leave = signal_received != 0 || by_time_;
  comm.all_reduce_max({&leave, 1}, "interrupt");
  return leave != 0;
}

bool Interrupt::should_leave(Communicator& comm) {
  const Clock::time_point now = Clock::now();
  longest_step_s_ = std::max(longest_step_s_, seconds(now - last_));
  last_ = now;
  note_time(kTimeMargin * longest_step_s_);
  return agree(comm);
}

bool Interrupt::should_leave_within_step(Communicator& comm) {
  note_time((kTimeMargin - 1) * longest_step_s_);
  return agree(comm);
}

void Interrupt::begin_stage() {
  longest_step_s_ = 0;
  last_ = Clock::now();
}

const char* Interrupt::reason() const {
  switch (signal_received) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      return by_time_ ? "run.time_limit" : "a signal to another rank";
  }
}

}  // namespace cohort
