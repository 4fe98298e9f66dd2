// A program that is kept alive and asked line by line.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cohort {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  void reset();
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// One thread at a time. The program has a process group of its own, default signals, and no
// descriptor but its standard three.
class ChildProcess {
 public:
  using Clock = std::chrono::steady_clock;
  using LineSink = std::function<void(std::string_view line)>;

  // argv[0] is looked for in PATH. `on_stderr` gets the lines that it writes there, cut at 1,000
  // bytes, at most 100 of an exchange. Throws IoError when it cannot be started.
  ChildProcess(const std::vector<std::string>& argv, LineSink on_stderr);
  // Closes its input, gives it half a second to end, and kills its group.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  enum class Outcome { done, ended, timed_out, too_long, unasked };
  // Writes `request` and a line break, and reads a line of at most `max_reply` bytes. `unasked`:
  // nothing was written, as there was output before the request; `reply` is how it begins. After
  // any outcome but `done` the process is of no more use.
  Outcome exchange(std::string_view request, std::string& reply, size_t max_reply,
                   Clock::time_point deadline);
  bool is_running();  // does not wait
  // Waits for its end; false at the deadline.
  bool wait(Clock::time_point deadline);
  void kill();              // the whole group; reaps
  std::string end() const;  // "exit code 3", "signal 11 (Segmentation fault)", "running"

 private:
  bool write_some(std::string_view& rest);
  bool read_output();
  void read_errors();
  void end_error_lines(bool all);
  bool poll_streams(bool writing, Clock::time_point deadline);

  LineSink on_stderr_;
  pid_t pid_ = -1;
  bool reaped_ = false;
  int status_ = 0;
  FileDescriptor input_, output_, errors_;
  std::string output_buffer_, error_buffer_;
  int error_lines_ = 0;
};

}  // namespace cohort
