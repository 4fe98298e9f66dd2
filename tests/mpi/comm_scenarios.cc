// Jobs in which ranks fail each other: run under mpirun by comm_failure_test.cc. An error ends the
// job as in launch/cohort.cc: one line, then abort.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <thread>

#include "core/base/error.h"
#include "core/comm/communicator.h"

namespace cohort {
namespace {

void sleep_s(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// Rank 1 does nothing for long and says nothing.
void silent(Communicator& comm) {
  comm.barrier("start");
  if (comm.rank() == 1) sleep_s(60);
  comm.barrier("step 7");
}

// The same, while rank 2 has work and heartbeats.
void silent_and_busy(Communicator& comm) {
  comm.barrier("start");
  if (comm.rank() == 1) sleep_s(60);
  if (comm.rank() == 2) {
    for (int i = 0; i < 3000; ++i) {
      comm.heartbeat("rollout");
      sleep_s(0.02);
    }
  }
  comm.barrier("step 7");
}

// Rank 1 has work for several times the timeout, with heartbeats.
void busy(Communicator& comm) {
  comm.barrier("start");
  if (comm.rank() == 1) {
    for (int i = 0; i < 200; ++i) {
      comm.heartbeat("rollout");
      sleep_s(0.02);
    }
  }
  comm.barrier("step 7");
}

// Rank 1 forgets a collective.
void skips(Communicator& comm) {
  std::vector<int64_t> counts(4, comm.rank());
  comm.barrier("start");
  if (comm.rank() != 1) comm.barrier("gradients");
  comm.all_reduce_sum(counts, "loss");
}

// Rank 1 ends well, but early.
void leaves(Communicator& comm) {
  if (comm.rank() != 1) comm.barrier("step 7");
}

// Rank 1 has other data.
void sizes(Communicator& comm) {
  const std::vector<std::byte> mine(comm.rank() == 1 ? 4000 : 8000);
  std::vector<std::byte> all(mine.size() * static_cast<size_t>(comm.size()));
  comm.all_gather(mine, all, "weights");
}

// Rank 1 fails by itself.
void fails(Communicator& comm) {
  if (comm.rank() == 1) throw InputError("weights.safetensors: truncated");
  comm.barrier("step 7");
}

// Every rank is stopped for more than the timeout, as by a suspended Slurm job.
void stopped(Communicator& comm) {
  comm.barrier("start");
  if (::fork() == 0) {
    sleep_s(0.5);
    ::kill(::getppid(), SIGSTOP);
    sleep_s(2.5);
    ::kill(::getppid(), SIGCONT);
    std::_Exit(0);
  }
  if (comm.rank() == 1) sleep_s(1);
  comm.barrier("step 7");
}

int run(const std::string& name) {
  const std::map<std::string, void (*)(Communicator&)> scenarios = {
      {"silent", silent}, {"silent_and_busy", silent_and_busy},
      {"busy", busy},     {"skips", skips},
      {"leaves", leaves}, {"sizes", sizes},
      {"fails", fails},   {"stopped", stopped}};
  const auto comm = make_communicator({});
  try {
    scenarios.at(name)(*comm);
  } catch (const std::exception& e) {
    std::cout << fmt::format("error on rank {}: {}\n", comm->rank(), e.what()) << std::flush;
    comm->abort(1);
  }
  return 0;
}

}  // namespace
}  // namespace cohort

int main(int, char** argv) { return cohort::run(argv[1]); }
