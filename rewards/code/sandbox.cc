#include "rewards/code/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "rewards/code/sandbox_wire.h"

namespace cohort::judge {
namespace {

using Clock = std::chrono::steady_clock;

std::string helper_path(const std::string& named) {
  if (!named.empty()) return named;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw_error<InputError>("sandbox: /proc/self/exe: {}", error.message());
  return (self.parent_path() / "cohort-judge").string();
}

// One helper process, with the socket as its descriptor 3. It ends when the socket is closed, which
// the kernel does for a trainer that was killed.
class Helper {
 public:
  explicit Helper(const std::string& path) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw_error<InputError>("sandbox: no socket for {}: {}", path, std::strerror(errno));
    }
    // Where this process has no stdin, stdout or stderr the ends may be these, which the helper's
    // own are put over.
    for (int& end : ends) {
      const int above = fcntl(end, F_DUPFD_CLOEXEC, 4);
      const int error = errno;
      close(end);
      end = above;
      if (above < 0) {
        close(ends[&end == ends ? 1 : 0]);
        throw_error<InputError>("sandbox: no socket for {}: {}", path, std::strerror(error));
      }
    }
    socket_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {0, 1, 2}) {
      posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // Its own session: an interrupt from the terminal is the trainer's to handle.
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    std::string name = "cohort-judge";
    char* arguments[] = {name.data(), nullptr};
    char* environment[] = {nullptr};
    const int error =
        posix_spawn(&pid_, path.c_str(), &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error != 0) {
      close(socket_);
      throw_error<InputError>("sandbox: {} cannot be started: {}", path, std::strerror(error));
    }
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;
  ~Helper() {
    close(socket_);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  const Hello& hello() {
    if (!greeted_) {
      std::string bytes;
      const auto limit = std::chrono::seconds(60);
      if (receive_frame(socket_, bytes, Clock::now() + limit) == Received::frame) {
        hello_ = decode_hello(bytes);
      } else {
        kill(pid_, SIGTERM);
        hello_.detail = "cohort-judge ended before it was ready";
      }
      greeted_ = true;
    }
    return hello_;
  }

  // False: the helper is lost; `executions` has what it had answered before, and all of it was to
  // go on.
  bool run(std::span<const Job> jobs, const Sandbox::GoOn& go_on,
           std::vector<Execution>& executions) {
    if (!send_frame(socket_, encode({jobs.begin(), jobs.end()}))) return false;
    std::string bytes;
    for (size_t i = 0; i < jobs.size(); ++i) {
      const Job& job = jobs[i];
      // The helper keeps the limits, and those of the compiler; this is for a helper that is stuck.
      const double seconds = job.limits.wall_seconds + 180;
      const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                               std::chrono::duration<double>(seconds));
      if (receive_frame(socket_, bytes, deadline) != Received::frame) {
        kill(pid_, SIGTERM);
        return false;
      }
      executions.push_back(decode_execution(bytes));
      const bool more = !go_on || go_on(executions.back());
      if (i + 1 == jobs.size()) break;
      const bool sent = send_frame(socket_, more ? kNextJob : kNoMoreJobs);
      if (!more) break;  // a helper that is lost is found so by its next jobs
      if (!sent) return false;
    }
    return true;
  }

 private:
  pid_t pid_ = -1;
  int socket_ = -1;
  bool greeted_ = false;
  Hello hello_;
};

Execution refused(const std::string& why) {
  Execution execution;
  execution.end = Execution::End::refused;
  execution.error = why;
  return execution;
}

class Pool : public Sandbox {
 public:
  Pool(int64_t workers, std::string path) : path_(std::move(path)) {
    for (int64_t i = 0; i < workers; ++i) idle_.push_back(std::make_unique<Helper>(path_));
    for (const auto& helper : idle_) helper->hello();  // they start side by side
  }

  std::vector<Execution> run(const std::vector<Job>& jobs, const GoOn& go_on) override {
    std::unique_ptr<Helper> helper = take();
    std::vector<Execution> executions;
    std::string why;
    try {
      // What a helper that was lost has not answered goes to a new one, once: it does not end
      // because of a program, which has its limits, but by somebody's kill.
      for (int attempt = 0; attempt < 2; ++attempt) {
        if (!helper) helper = std::make_unique<Helper>(path_);  // the one before was lost
        why.clear();
        if (!helper->hello().works) {
          why = helper->hello().detail;
          break;
        }
        if (helper->run(std::span(jobs).subspan(executions.size()), go_on, executions)) break;
        why = "cohort-judge ended unexpectedly";
        helper.reset();
      }
    } catch (const std::exception& error) {  // the worker is given back whatever happens
      why = error.what();
      helper.reset();
    }
    give(std::move(helper));
    while (!why.empty() && executions.size() < jobs.size()) executions.push_back(refused(why));
    return executions;
  }

 private:
  std::unique_ptr<Helper> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !idle_.empty(); });
    auto helper = std::move(idle_.back());
    idle_.pop_back();
    return helper;
  }
  void give(std::unique_ptr<Helper> helper) {
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(helper));
    }
    changed_.notify_one();
  }

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Helper>> idle_;  // null: to be started again
};

}  // namespace

std::unique_ptr<Sandbox> start_sandbox(int64_t workers, const std::string& helper) {
  if (workers < 1) throw_error<InputError>("sandbox: {} workers; at least 1 is needed", workers);
  const std::string path = helper_path(helper);
  if (access(path.c_str(), X_OK) != 0) {
    throw_error<InputError>("sandbox: {} cannot be started: {}", path, std::strerror(errno));
  }
  return std::make_unique<Pool>(workers, path);
}

Availability sandbox_availability(const std::string& helper_name) {
  try {
    Helper helper(helper_path(helper_name));
    const Hello& hello = helper.hello();
    if (!hello.works) return {false, hello.detail};
    Job job;
    job.source = "print(6 * 7)";
    std::vector<Execution> executions;
    if (!helper.run({&job, 1}, {}, executions)) return {false, "cohort-judge ended unexpectedly"};
    const Execution& probe = executions.front();
    if (probe.end == Execution::End::exited && probe.output == "42\n") return {true, hello.detail};
    return {false, "a trial program did not run: " + probe.error};
  } catch (const Error& error) {
    return {false, error.what()};
  }
}

}  // namespace cohort::judge
