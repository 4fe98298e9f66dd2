#include "core/comm/peer_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace cohort {
namespace {

template <size_t N>
void copy_text(char (&to)[N], const char* from) {
  std::strncpy(to, from, N - 1);
}

std::string join_ranks(const std::vector<int>& ranks) {
  return fmt::format("{} {}", ranks.size() == 1 ? "rank" : "ranks", fmt::join(ranks, ", "));
}

}  // namespace

PeerState waiting_state(int64_t sequence, const char* operation, const char* what) {
  PeerState state{.sequence = sequence, .kind = PeerState::kWaiting};
  copy_text(state.operation, operation);
  copy_text(state.what, what);
  return state;
}

PeerState busy_state(int64_t sequence, const char* phase) {
  PeerState state{.sequence = sequence, .kind = PeerState::kBusy};
  copy_text(state.what, phase);
  return state;
}

std::string describe(const PeerState& state) {
  if (state.kind == PeerState::kBusy) return fmt::format("busy with '{}'", state.what);
  return fmt::format("{} '{}' (collective {})", state.operation, state.what, state.sequence);
}

PeerWatch::PeerWatch(int rank, int size, double timeout_s)
    : rank_(rank), timeout_s_(timeout_s), peers_(static_cast<size_t>(size)) {}

double PeerWatch::period_s() const { return std::clamp(timeout_s_ / 10, 0.02, 1.0); }

void PeerWatch::heard(int peer, const PeerState& state, double now) {
  Peer& entry = peers_[static_cast<size_t>(peer)];
  entry.state = state;
  entry.heard_at = now;
  if (state.kind == PeerState::kBusy) entry.busy_at = now;
}

bool PeerWatch::is_hopeless(const PeerState& mine, double start, double now) const {
  double last_busy = start;
  double longest_silence = 0;
  for (int r = 0; r < static_cast<int>(peers_.size()); ++r) {
    if (r == rank_) continue;
    const Peer& peer = peers_[static_cast<size_t>(r)];
    if (peer.state.kind == PeerState::kWaiting && peer.state.sequence == mine.sequence &&
        is_elsewhere(peer, mine))
      return true;
    last_busy = std::max(last_busy, peer.busy_at);
    longest_silence = std::max(longest_silence, now - std::max(start, peer.heard_at));
  }
  return longest_silence > timeout_s_ || now - last_busy > timeout_s_;
}

bool PeerWatch::is_elsewhere(const Peer& peer, const PeerState& mine) const {
  return peer.state.kind == PeerState::kBusy || peer.state.sequence != mine.sequence ||
         std::strcmp(peer.state.operation, mine.operation) != 0 ||
         std::strcmp(peer.state.what, mine.what) != 0;
}

std::string PeerWatch::verdict(const PeerState& mine, double waited_s, double asked) const {
  std::vector<int> silent;
  std::string elsewhere;
  for (int r = 0; r < static_cast<int>(peers_.size()); ++r) {
    const Peer& peer = peers_[static_cast<size_t>(r)];
    if (r == rank_) continue;
    if (peer.heard_at < asked) {
      silent.push_back(r);
    } else if (is_elsewhere(peer, mine)) {
      elsewhere +=
          fmt::format("; rank {} is {}{}", r, peer.state.kind == PeerState::kBusy ? "" : "in ",
                      describe(peer.state));
    }
  }
  std::string text = fmt::format("{}: not complete after {:.1f} s (timeout {:g} s)", describe(mine),
                                 waited_s, timeout_s_);
  if (!silent.empty()) text += fmt::format("; no answer from {}", join_ranks(silent));
  if (silent.empty() && elsewhere.empty()) text += "; every rank answers from there";
  return text + elsewhere;
}

int PeerWatch::lowest_live(double asked) const {
  for (int r = 0; r < rank_; ++r)
    if (peers_[static_cast<size_t>(r)].heard_at >= asked) return r;
  return rank_;
}

bool PeerWatch::all_answered(double asked) const {
  for (int r = 0; r < static_cast<int>(peers_.size()); ++r)
    if (r != rank_ && peers_[static_cast<size_t>(r)].heard_at < asked) return false;
  return true;
}

}  // namespace cohort
