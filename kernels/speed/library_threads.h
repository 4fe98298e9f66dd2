// LibTorch's own threads, where LibTorch is what is timed: elsewhere it runs on one.
#pragma once

#include <ATen/Parallel.h>

#include <chrono>
#include <thread>

#include "core/base/threads.h"

namespace cohort::kernels {

class LibraryThreads {
 public:
  LibraryThreads() : before_(at::get_num_threads()) { at::set_num_threads(num_threads()); }
  LibraryThreads(const LibraryThreads&) = delete;
  LibraryThreads& operator=(const LibraryThreads&) = delete;
  ~LibraryThreads() {
    at::set_num_threads(before_);
    // OpenMP's threads look for work for some time, and would take processors from what follows.
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }

 private:
  int before_;
};

}  // namespace cohort::kernels
