// The warm interpreter of a helper: a Python process in its own namespaces and root, with the usual
// modules loaded, which never runs a program itself but forks for each (runner.py).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "rewards/code/helper/memory_cgroup.h"
#include "rewards/code/helper/system.h"

namespace cohort::judge {

class Interpreter {
 public:
  // `group`: where it goes, if there is one. Throws IoError: this machine refuses it.
  explicit Interpreter(MemoryCgroup& group);
  // Its destructor returns when all its processes are gone.
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  bool has_proc() const { return has_proc_; }
  int socket() const { return socket_.get(); }
  // Starts a run with these descriptors, in the order of runner.py. The init process of its
  // namespaces; none: the interpreter is lost.
  Descriptor start_run(const std::vector<int>& descriptors);
  struct Usage {
    double cpu_seconds = 0;
    int64_t peak_bytes = 0;  // of the largest process
  };
  // After the init process has ended. None: the interpreter is lost.
  std::optional<Usage> finish_run();

 private:
  struct Process {
    ~Process();
    pid_t pid = -1;
  };
  Process process_;
  bool has_proc_ = false;
  Descriptor socket_;
};

}  // namespace cohort::judge
