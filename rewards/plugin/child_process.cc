#include "rewards/plugin/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "core/base/error.h"

extern char** environ;

namespace cohort {

namespace {

constexpr size_t kMaxErrorLine = 1000;
constexpr int kMaxErrorLines = 100;
constexpr auto kGrace = std::chrono::milliseconds(500);

// Reading end, writing end; neither survives an exec, and neither is one of the standard three.
std::pair<FileDescriptor, FileDescriptor> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_error<IoError>("pipe: {}", strerror(errno));
  FileDescriptor low_read(ends[0]), low_write(ends[1]);
  FileDescriptor read_end(fcntl(ends[0], F_DUPFD_CLOEXEC, 3));
  FileDescriptor write_end(fcntl(ends[1], F_DUPFD_CLOEXEC, 3));
  if (!read_end.is_open() || !write_end.is_open())
    throw_error<IoError>("pipe: {}", strerror(errno));
  return {std::move(read_end), std::move(write_end)};
}

void set_nonblocking(const FileDescriptor& fd) {
  fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

// Writing to a process that has ended raises SIGPIPE in this thread, and nowhere else.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec now{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

pid_t spawn(const std::vector<std::string>& argv, int input, int output, int errors) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);

  pid_t pid = -1;
  const int error =
      posix_spawnp(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw_error<IoError>("cannot start {}: {}", argv[0], strerror(error));
  return pid;
}

}  // namespace

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

ChildProcess::ChildProcess(const std::vector<std::string>& argv, LineSink on_stderr)
    : on_stderr_(std::move(on_stderr)) {
  COHORT_CHECK(!argv.empty(), "a command has a name");
  auto [child_input, input] = make_pipe();
  auto [output, child_output] = make_pipe();
  auto [errors, child_errors] = make_pipe();
  pid_ = spawn(argv, child_input.get(), child_output.get(), child_errors.get());
  input_ = std::move(input);
  output_ = std::move(output);
  errors_ = std::move(errors);
  for (const FileDescriptor* fd : {&input_, &output_, &errors_}) set_nonblocking(*fd);
}

ChildProcess::~ChildProcess() {
  input_.reset();
  wait(Clock::now() + kGrace);
  kill();
}

bool ChildProcess::is_running() {
  if (reaped_) return false;
  siginfo_t info{};
  // It is left for kill() to reap, so that the number of its group stays taken.
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

bool ChildProcess::wait(Clock::time_point deadline) {
  auto pause = std::chrono::microseconds(100);
  while (is_running()) {
    if (Clock::now() >= deadline) return false;
    read_errors();
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(10'000));
  }
  read_errors();
  return true;
}

void ChildProcess::kill() {
  if (reaped_) return;
  ::kill(-pid_, SIGKILL);
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  read_errors();
  end_error_lines(true);
}

std::string ChildProcess::end() const {
  if (!reaped_) return "running";
  if (WIFEXITED(status_)) return fmt::format("exit code {}", WEXITSTATUS(status_));
  return fmt::format("signal {} ({})", WTERMSIG(status_), strsignal(WTERMSIG(status_)));
}

bool ChildProcess::write_some(std::string_view& rest) {
  const NoSigpipe guard;
  const ssize_t written = write(input_.get(), rest.data(), rest.size());
  if (written > 0) rest.remove_prefix(static_cast<size_t>(written));
  return written >= 0 || errno == EAGAIN || errno == EINTR;
}

// False when there is no more to come.
bool ChildProcess::read_output() {
  std::array<char, 65536> buffer;
  const ssize_t got = read(output_.get(), buffer.data(), buffer.size());
  if (got > 0) output_buffer_.append(buffer.data(), static_cast<size_t>(got));
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void ChildProcess::read_errors() {
  std::array<char, 4096> buffer;
  while (errors_.is_open()) {
    const ssize_t got = read(errors_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return errors_.reset();
    error_buffer_.append(buffer.data(), static_cast<size_t>(got));
    end_error_lines(false);
    // A process that never stops writing must not keep its reader.
    if (error_lines_ > kMaxErrorLines) return;
  }
}

void ChildProcess::end_error_lines(bool all) {
  std::string_view rest = error_buffer_;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos && rest.size() < kMaxErrorLine && !all) break;
    const std::string_view line = rest.substr(0, std::min(end, kMaxErrorLine));
    if (++error_lines_ <= kMaxErrorLines && !line.empty()) on_stderr_(line);
    if (error_lines_ == kMaxErrorLines + 1) on_stderr_("(and more)");
    rest.remove_prefix(end == line.size() ? end + 1 : line.size());
  }
  error_buffer_.erase(0, error_buffer_.size() - rest.size());
}

bool ChildProcess::poll_streams(bool writing, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  if (left <= 0) return false;
  std::array<pollfd, 3> streams = {
      pollfd{.fd = output_.get(), .events = POLLIN, .revents = 0},
      pollfd{.fd = writing ? input_.get() : -1, .events = POLLOUT, .revents = 0},
      pollfd{.fd = errors_.get(), .events = POLLIN, .revents = 0}};
  constexpr int64_t kLongest = 200;  // then it is seen whether it still runs
  poll(streams.data(), streams.size(), static_cast<int>(std::min<int64_t>(left, kLongest)));
  return true;
}

ChildProcess::Outcome ChildProcess::exchange(std::string_view request, std::string& reply,
                                             size_t max_reply, Clock::time_point deadline) {
  error_lines_ = 0;
  // What was written before the request is no answer to it, whatever it says.
  read_output();
  if (!output_buffer_.empty()) {
    constexpr size_t kShown = 200;
    reply = output_buffer_.substr(0, kShown);
    return Outcome::unasked;
  }
  const std::string line = std::string(request) + "\n";
  std::string_view rest = line;
  size_t searched = 0;
  while (true) {
    const bool running = is_running();
    if (!rest.empty() && !write_some(rest)) return Outcome::ended;
    const size_t before = output_buffer_.size();
    const bool open = read_output();
    // A child of its own may keep the pipe open when it has gone.
    const bool more = open && (running || output_buffer_.size() > before);
    read_errors();
    const size_t end = output_buffer_.find('\n', searched);
    searched = output_buffer_.size();
    if (end != std::string::npos && rest.empty()) {
      if (end > max_reply) return Outcome::too_long;
      reply = output_buffer_.substr(0, end);
      output_buffer_.erase(0, end + 1);
      return Outcome::done;
    }
    if (end != std::string::npos) searched = end;
    if (output_buffer_.size() > max_reply) return Outcome::too_long;
    if (!more) return Outcome::ended;
    if (!poll_streams(!rest.empty(), deadline)) return Outcome::timed_out;
  }
}

}  // namespace cohort
