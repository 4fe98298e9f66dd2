// The threads that the program computes with: the caller and a pool that stays, so that an op costs
// no fork and join. LibTorch's own operators run on one thread beside them (launch/cohort.cc).
//
// A worker that has nothing to do looks for work for a fraction of a millisecond and then sleeps; a
// caller never waits for a worker that has not begun, so a machine whose cores are taken slows down
// and does not stall. Which thread does what changes no result: tasks are independent.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cohort {

// Threads of a parallel_* call, the caller among them. At first OMP_NUM_THREADS, else the
// processors that this process may run on.
int num_threads();
// count >= 1. Not to be called while another thread computes.
void set_num_threads(int count);
// Inside a task everything runs on the calling thread.
bool in_parallel_task();

namespace detail {
using Task = void (*)(const void* context, int64_t index);
void run_tasks(int64_t tasks, Task task, const void* context);
}  // namespace detail

// fn(i) for every i in [0, tasks), in any order; a thread takes the next as it comes free. What fn
// throws is thrown here, once all threads have left; tasks not yet begun are then left out.
template <class Fn>
void parallel_tasks(int64_t tasks, const Fn& fn) {
  if (tasks <= 1 || num_threads() == 1 || in_parallel_task()) {
    for (int64_t i = 0; i < tasks; ++i) fn(i);
    return;
  }
  detail::run_tasks(
      tasks, [](const void* f, int64_t i) { (*static_cast<const Fn*>(f))(i); }, &fn);
}

// fn(begin, end) over [0, items) in contiguous ranges: one a thread, fewer where a range would have
// less than `grain` items.
template <class Fn>
void parallel_ranges(int64_t items, int64_t grain, const Fn& fn) {
  const int64_t most = (items + grain - 1) / std::max<int64_t>(1, grain);
  const int64_t ranges = std::min<int64_t>(most, num_threads());
  if (items <= 0) return;
  if (ranges <= 1 || in_parallel_task()) return fn(int64_t{0}, items);
  parallel_tasks(ranges, [&](int64_t i) { fn(i * items / ranges, (i + 1) * items / ranges); });
}

}  // namespace cohort
