// What a run's processes use together, from /proc: for the CPU limit, and for the memory limit
// where there is no cgroup.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace cohort::judge {

struct TreeUsage {
  double cpu_seconds = 0;
  int64_t memory_bytes = 0;
};

// Of these processes and all below them. `exact_above`: memory is first counted page by page for
// each process, and only a sum over this is counted again with shared pages divided among those
// that share them.
TreeUsage tree_usage(std::vector<pid_t> roots, int64_t exact_above);

std::vector<pid_t> children_of(pid_t process);

// Whether this kernel tells the children of a process.
bool tree_usage_works();

// The process of a pidfd, as this process sees it; -1: gone.
pid_t process_of(int pidfd);

}  // namespace cohort::judge
