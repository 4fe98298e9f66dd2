// Messages over MPI: non-blocking, polled to a deadline.
//
// MPI's own non-blocking collectives match by order alone: a rank that skips one would exchange
// data with another operation and nobody would know. Here every message carries a tag made of the
// sequence number, the operation and the caller's name for it, so that ranks that disagree never
// match: the wait ends in an error that says who waits where.
//
// States of ranks (peer_watch.h) travel on a communicator of their own.
#include "core/comm/mpi_communicator.h"

#include <mpi.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/comm/message_communicator.h"
#include "core/comm/peer_watch.h"

namespace cohort {
namespace {

constexpr size_t kMostPerMessage = size_t{1} << 30;  // MPI counts are int
constexpr int kStateTag = 1;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw_error<CommError>("{}: {}", call, text);
}

class MpiCommunicator final : public MessageCommunicator {
 public:
  MpiCommunicator(MPI_Comm data, MPI_Comm states, int rank, int size, double timeout_s)
      : MessageCommunicator(rank, size),
        data_(data),
        states_(states),
        watch_(rank, size, timeout_s),
        outbox_(static_cast<size_t>(size)) {
    int found = 0;
    void* bound = nullptr;
    MPI_Comm_get_attr(data, MPI_TAG_UB, &bound, &found);
    if (found) largest_tag_ = *static_cast<int*>(bound);
  }

  double timeout_s() const override { return watch_.timeout_s(); }

  // MPI is left properly only by ranks that are all well. After an error the process ends without
  // it, and the launcher ends the other ranks.
  ~MpiCommunicator() override {
    if (failed_ || std::uncaught_exceptions() > 0) return;
    try {
      barrier("end of the run");
      read_states();
    } catch (const std::exception& e) {
      log_error("{}", e.what());
      abort(1);
    }
    for (Outgoing& out : outbox_)
      if (out.request != MPI_REQUEST_NULL) MPI_Request_free(&out.request);
    MPI_Comm_free(&states_);
    MPI_Comm_free(&data_);
    MPI_Finalize();
  }

  const char* kind() const override { return "mpi"; }

  void heartbeat(const char* phase) override {
    if (now_s() - last_told_ < watch_.period_s()) return;
    state_ = busy_state(sequence_, phase);
    tell_all();
    read_states();
  }

  [[noreturn]] void abort(int exit_code) override {
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }

 private:
  void begin(const char* operation, const char* what) override {
    COHORT_CHECK(!failed_, "{} '{}' after a failed collective", operation, what);
    state_ = waiting_state(++sequence_, operation, what);
    tag_ = static_cast<int>(hash64(&state_, sizeof(state_)) %
                            (static_cast<uint64_t>(largest_tag_) + 1));
  }

  void exchange(const std::vector<Send>& sends, const std::vector<Receive>& receives) override {
    std::vector<MPI_Request> requests;
    std::vector<Receive> messages;  // of the first requests
    size_t bytes = 0;
    const auto for_messages = [&](size_t size, const std::function<void(size_t, size_t)>& post) {
      for (size_t begin = 0; begin == 0 || begin < size; begin += kMostPerMessage)
        post(begin, std::min(size - begin, kMostPerMessage));
      bytes += size;
    };
    for (const Receive& receive : receives) {
      for_messages(receive.data.size(), [&](size_t begin, size_t size) {
        messages.push_back({receive.peer, receive.data.subspan(begin, size)});
        check_mpi(MPI_Irecv(messages.back().data.data(), static_cast<int>(size), MPI_BYTE,
                            receive.peer, tag_, data_, &requests.emplace_back()),
                  "MPI_Irecv");
      });
    }
    for (const Send& send : sends) {
      for_messages(send.data.size(), [&](size_t begin, size_t size) {
        check_mpi(MPI_Isend(send.data.data() + begin, static_cast<int>(size), MPI_BYTE, send.peer,
                            tag_, data_, &requests.emplace_back()),
                  "MPI_Isend");
      });
    }
    wait(requests, messages, bytes);
  }

  void wait(std::vector<MPI_Request>& requests, const std::vector<Receive>& messages,
            size_t bytes) {
    const double entered = now_s();
    // No sleeps as long as the bytes may be moving: some transports move them only in polls.
    const double yield_until = entered + 1e-3 + static_cast<double>(bytes) / 1e9;
    double start = entered;
    double last_poll = entered;
    useconds_t pause_us = 10;
    std::vector<MPI_Status> statuses(requests.size());
    for (;;) {
      int done = 0;
      const int code =
          MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, statuses.data());
      if (code != MPI_SUCCESS || (done && !sizes_agree(statuses, messages))) {
        failed_ = true;
        throw_error<CommError>("{}: a rank is gone, or ranks disagree about the size of the data",
                               describe(state_));
      }
      if (done) return;
      const double now = now_s();
      if (now < yield_until) {
        ::sched_yield();
      } else {
        ::usleep(pause_us);
        pause_us = std::min<useconds_t>(2 * pause_us, 100);
      }
      // A long gap between polls: this process was stopped, and perhaps the others with it.
      if (now - last_poll > watch_.period_s()) start += now - last_poll;
      last_poll = now;
      if (now - entered < 1e-3) continue;
      read_states();
      if (now - last_told_ >= watch_.period_s() && now - entered >= watch_.period_s()) tell_all();
      if (watch_.is_hopeless(state_, start, now)) give_up(requests, entered);
    }
  }

  static bool sizes_agree(const std::vector<MPI_Status>& statuses,
                          const std::vector<Receive>& messages) {
    for (size_t i = 0; i < messages.size(); ++i) {
      int count = 0;
      MPI_Get_count(&statuses[i], MPI_BYTE, &count);
      if (static_cast<size_t>(count) != messages[i].data.size()) return false;
    }
    return true;
  }

  // Asks every rank once more where it is, and throws. Of the ranks that are alive the lowest
  // reports at once; the others leave it the time to end the job, so that one message comes out.
  [[noreturn]] void give_up(std::vector<MPI_Request>& requests, double entered) {
    failed_ = true;
    const double asked = now_s();
    state_.wants_answer = 1;
    tell_all();
    state_.wants_answer = 0;
    const double answer_time = std::max(0.5, 2 * watch_.period_s());
    const auto listen_until = [&](double end, bool stop_early) {
      while (now_s() < end && !(stop_early && watch_.all_answered(asked))) {
        read_states();
        ::usleep(1000);
      }
    };
    listen_until(asked + answer_time, true);
    const std::string text = watch_.verdict(state_, asked - entered, asked);
    if (watch_.lowest_live(asked) < rank()) listen_until(now_s() + 1.0, false);
    for (MPI_Request& request : requests) {
      if (request == MPI_REQUEST_NULL) continue;
      MPI_Cancel(&request);  // the buffers are about to be freed
      MPI_Request_free(&request);
    }
    throw CommError(text);
  }

  // ---- states of ranks

  // A message that a peer did not take yet is left to it: its place in the outbox is busy.
  void tell(int peer) {
    Outgoing& out = outbox_[static_cast<size_t>(peer)];
    int done = 1;
    if (out.request != MPI_REQUEST_NULL) MPI_Test(&out.request, &done, MPI_STATUS_IGNORE);
    if (!done) return;
    out.state = state_;
    check_mpi(
        MPI_Isend(&out.state, sizeof(PeerState), MPI_BYTE, peer, kStateTag, states_, &out.request),
        "MPI_Isend");
  }

  void tell_all() {
    for (int r = 0; r < size(); ++r)
      if (r != rank()) tell(r);
    last_told_ = now_s();
  }

  void read_states() {
    for (;;) {
      int there = 0;
      MPI_Status status;
      check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, kStateTag, states_, &there, &status), "MPI_Iprobe");
      if (!there) return;
      PeerState state;
      check_mpi(MPI_Recv(&state, sizeof(state), MPI_BYTE, status.MPI_SOURCE, kStateTag, states_,
                         MPI_STATUS_IGNORE),
                "MPI_Recv");
      watch_.heard(status.MPI_SOURCE, state, now_s());
      if (state.wants_answer) tell(status.MPI_SOURCE);
    }
  }

  struct Outgoing {
    PeerState state;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  MPI_Comm data_;
  MPI_Comm states_;
  int largest_tag_ = 32767;  // what every MPI has
  PeerWatch watch_;
  std::vector<Outgoing> outbox_;
  PeerState state_;
  int64_t sequence_ = 0;
  int tag_ = 0;
  double last_told_ = -1e300;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator(int launched_ranks, double timeout_s) {
  int level = 0;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level), "MPI_Init_thread");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size != launched_ranks)
    throw_error<CommError>(
        "started as one of {} ranks, but MPI sees {}: the launcher belongs to another MPI",
        launched_ranks, size);
  MPI_Comm data = MPI_COMM_NULL;
  MPI_Comm states = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &data), "MPI_Comm_dup");
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &states), "MPI_Comm_dup");
  return std::make_unique<MpiCommunicator>(data, states, rank, size, timeout_s);
}

}  // namespace cohort
