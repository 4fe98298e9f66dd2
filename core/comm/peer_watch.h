// Inside core/comm only: what a rank knows of the others while it waits, and when waiting has no
// more sense.
//
// A rank that waits tells the others once a period where it waits; a rank that computes and calls
// heartbeat() tells them that it is busy. A wait ends in an error when
//   - a rank was not heard of for the timeout (dead, stopped, or computing without heartbeats), or
//   - no rank was busy for the timeout (all wait, but not for the same thing), or
//   - another rank waits at the same place of the sequence in another operation (certain at once).
// Times are seconds of a steady clock, given by the caller; no MPI here, so that it is tested
// alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort {

// Sent as bytes between ranks of the same program.
struct PeerState {
  enum Kind : int32_t { kUnknown, kWaiting, kBusy };
  int64_t sequence = 0;  // of the collective that it waits in, or last was in
  Kind kind = kUnknown;
  int32_t wants_answer = 0;
  char operation[24] = {};  // empty when busy
  char what[72] = {};       // the caller's name of the collective or phase, cut to fit
};

PeerState waiting_state(int64_t sequence, const char* operation, const char* what);
PeerState busy_state(int64_t sequence, const char* phase);
// "barrier 'step' (collective 12)", "busy with 'rollout'"
std::string describe(const PeerState& state);

class PeerWatch {
 public:
  PeerWatch(int rank, int size, double timeout_s);

  double timeout_s() const { return timeout_s_; }
  // How often a rank tells its state: at most once a second, often enough for short timeouts.
  double period_s() const;

  void heard(int peer, const PeerState& state, double now);
  // Whether a wait in `mine` since `start` should end.
  bool is_hopeless(const PeerState& mine, double start, double now) const;
  // After the last exchange, begun at `asked`: the error's text, and who heard it from us.
  std::string verdict(const PeerState& mine, double waited_s, double asked) const;
  int lowest_live(double asked) const;
  bool all_answered(double asked) const;

 private:
  struct Peer {
    PeerState state;
    double heard_at = -1e300;
    double busy_at = -1e300;
  };
  bool is_elsewhere(const Peer& peer, const PeerState& mine) const;

  int rank_;
  double timeout_s_;
  std::vector<Peer> peers_;
};

}  // namespace cohort
