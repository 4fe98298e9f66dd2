#include "core/base/threads.h"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/error.h"

namespace cohort {
namespace {

// How long a thread looks for work before it sleeps: longer than the gaps between the ops of a
// decode step, shorter than what a neighbour on the machine would notice.
constexpr auto kLookout = std::chrono::microseconds(200);

thread_local bool inside_task = false;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// Waits until `value` is no longer `old`.
template <class T>
void await_change(const std::atomic<T>& value, T old) {
  const auto end = std::chrono::steady_clock::now() + kLookout;
  do {
    for (int i = 0; i < 32; ++i) {
      if (value.load() != old) return;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  value.wait(old);
}

int processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int default_threads() {
  const char* wish = std::getenv("OMP_NUM_THREADS");
  const int count = wish != nullptr ? std::atoi(wish) : 0;
  return count > 0 ? count : processors();
}

// One job at a time. A worker enters by counting itself in and then looking whether the job is
// still open; the caller closes it and then waits for those inside. Both orders are sequentially
// consistent, so nobody touches a job that has ended.
class Pool {
 public:
  explicit Pool(int workers) {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    ending_ = true;
    announce();
    for (std::thread& thread : threads_) thread.join();
  }

  // False when another thread has the pool: the caller then does the work itself.
  bool run(int64_t tasks, detail::Task task, const void* context) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    task_ = task;
    context_ = context;
    tasks_ = tasks;
    next_ = 0;
    failure_ = nullptr;
    failed_ = false;
    open_ = true;
    announce();
    take_tasks();
    open_ = false;
    for (int inside = inside_.load(); inside > 0; inside = inside_.load())
      await_change(inside_, inside);
    if (failure_) std::rethrow_exception(failure_);
    return true;
  }

 private:
  void announce() {
    ++generation_;
    generation_.notify_all();
  }

  void work() {
    for (uint32_t seen = 0; !ending_; await_change(generation_, seen)) {
      seen = generation_.load();
      ++inside_;
      if (open_) take_tasks();
      --inside_;
      inside_.notify_one();
    }
  }

  void take_tasks() {
    inside_task = true;
    for (int64_t i = next_++; i < tasks_ && !failed_; i = next_++) {
      try {
        task_(context_, i);
      } catch (...) {
        if (!failed_.exchange(true)) failure_ = std::current_exception();
      }
    }
    inside_task = false;
  }

  std::mutex mutex_;
  detail::Task task_ = nullptr;
  const void* context_ = nullptr;
  int64_t tasks_ = 0;
  std::exception_ptr failure_;
  alignas(64) std::atomic<int64_t> next_ = 0;
  alignas(64) std::atomic<uint32_t> generation_ = 0;
  std::atomic<bool> open_ = false, ending_ = false, failed_ = false;
  alignas(64) std::atomic<int> inside_ = 0;
  std::vector<std::thread> threads_;
};

struct Threads {
  int count = default_threads();
  std::unique_ptr<Pool> pool;
};
Threads& threads() {
  static Threads all;
  return all;
}

}  // namespace

int num_threads() { return threads().count; }

void set_num_threads(int count) {
  COHORT_CHECK(count >= 1, "{} threads: there must be one", count);
  Threads& all = threads();
  if (count == all.count) return;
  all.pool.reset();
  all.count = count;
}

bool in_parallel_task() { return inside_task; }

void detail::run_tasks(int64_t tasks, Task task, const void* context) {
  static std::mutex making;
  Threads& all = threads();
  {
    const std::lock_guard lock(making);
    if (!all.pool) all.pool = std::make_unique<Pool>(all.count - 1);
  }
  if (all.pool->run(tasks, task, context)) return;
  for (int64_t i = 0; i < tasks; ++i) task(context, i);
}

}  // namespace cohort
