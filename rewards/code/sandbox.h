// One program, run where it can harm nothing and learn nothing: user, pid, mount, net, ipc, uts and
// cgroup namespaces, a tmpfs root with a read-only /usr, a fresh /proc, a system call filter, and
// limits on time, memory, processes, output and files. The judge's expected values never enter.
//
// Fails closed: where the kernel refuses namespaces nothing is run (Execution::End::refused).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cohort::judge {

struct Limits {
  double cpu_seconds = 2;
  double wall_seconds = 5;
  int64_t memory_bytes = int64_t{512} << 20;  // of the whole process tree
  int64_t processes = 32;
  int64_t output_bytes = int64_t{4} << 20;  // each of stdout and stderr
  int64_t file_bytes = int64_t{16} << 20;   // all of the work folder
};

// What a function-call problem hands to the program: `entry_point(*arguments)`.
struct Call {
  std::string entry_point;  // a name, or names with dots; `()` behind one calls it: "A().f"
  std::string arguments;    // a Python literal: a tuple of plain values
};

struct Job {
  enum class Language : uint8_t { python, cpp };
  Language language = Language::python;
  std::string source;
  std::string input = {};                                       // stdin
  std::optional<Call> call = {};                                // Python only
  std::vector<std::pair<std::string, std::string>> files = {};  // name in the work folder, content
  std::vector<std::string> arguments = {};                      // of the command line
  Limits limits = {};
};

struct Execution {
  enum class End : uint8_t {
    exited,      // with `status`
    signalled,   // by `status`
    time_limit,  // CPU or wall
    memory_limit,
    output_limit,
    compile_error,  // C++, or a Python syntax error; `error` has the compiler's words
    refused,        // no sandbox here; `error` says why in one line
  };
  End end = End::refused;
  int status = 0;
  std::string output = {}, error = {};  // stdout and stderr
  // Of a call: the value that it returned, as a Python literal of plain values (exact types int,
  // float, str, bool, None, list, tuple, dict, set alone; NaN and infinities as float("nan")...).
  // Empty: it returned something else or never returned; `error` says which.
  std::optional<std::string> returned = {};
  double wall_seconds = 0, cpu_seconds = 0;
  int64_t peak_memory_bytes = 0;  // 0: not known
};

// A pool of warm helpers. Thread-safe: as many jobs run at once as there are callers, at most
// `workers`. Helpers are processes of their own (the program cohort-judge), which must be started
// before MPI, CUDA and threads.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  // Several jobs on one program (its tests): compiled once, each run in a fresh process and fresh
  // namespaces. `go_on`, called behind each, says whether the next is to be run: there are then
  // fewer executions than jobs. It may take out of the execution what it needs no more, and must
  // not run jobs itself: a worker waits for it.
  using GoOn = std::function<bool(Execution&)>;
  virtual std::vector<Execution> run(const std::vector<Job>& jobs, const GoOn& go_on = {}) = 0;
};

struct Availability {
  bool works = false;
  std::string
      detail;  // one line: what isolates and what limits memory here, or why it does not work
};
Availability sandbox_availability(const std::string& helper = "");  // `helper`: as below

// Throws InputError when the helper cannot be started. `helper` is the path of cohort-judge; empty:
// beside this executable. Where the kernel refuses namespaces the pool is made all the same, and
// every job of it is refused.
std::unique_ptr<Sandbox> start_sandbox(int64_t workers, const std::string& helper = "");

}  // namespace cohort::judge
