// What a run's processes use together, from /proc: for the CPU limit, and for the memory limit
// where there is no cgroup.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace cohort::judge {

struct TreeUsage {
  double cpu_seconds = 0;
  int64_t memory_bytes = 0;
};

// Of a process and all below it. `exact_above`: memory is first counted page by page for each
// process, and only a sum over this is counted again with shared pages divided among those that
// share them.
TreeUsage tree_usage(pid_t root, int64_t exact_above);

// Whether this kernel tells a process's children.
bool tree_usage_works();

// The process of a pidfd, as this process sees it; -1: gone.
pid_t process_of(int pidfd);

}  // namespace cohort::judge
