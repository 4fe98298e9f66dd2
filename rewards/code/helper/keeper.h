// A helper's namespaces, and the two processes that stay in them: the keeper, which makes a run's
// inner namespaces and their init process (run_init.h), and the warm interpreter (runner.py), whose
// forks are the Python programs. Neither runs a judged program itself.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "rewards/code/helper/memory_cgroup.h"
#include "rewards/code/helper/system.h"

namespace cohort::judge {

class Keeper {
 public:
  // `group`: where both go, if there is one. Throws IoError: this machine refuses it. Its
  // destructor returns when all its processes are gone.
  explicit Keeper(MemoryCgroup& group);

  bool has_proc() const { return has_proc_; }
  int socket() const { return socket_.get(); }
  pid_t interpreter() const { return interpreter_; }

  struct Files {
    int setup, input, output, error, returns, report;
    int program = -1;  // to run, or the text for the interpreter; -1: none
  };
  // Starts a run. Its init process; none: the keeper is lost.
  Descriptor start_run(bool is_command, const Files& files);
  // The CPU time of what the init process has taken in, when it has ended. None: the keeper is
  // lost.
  std::optional<double> finish_run();

 private:
  struct Process {
    ~Process();
    pid_t pid = -1;
  };
  Process process_;
  Descriptor socket_;
  bool has_proc_ = false;
  pid_t interpreter_ = -1;
};

}  // namespace cohort::judge
