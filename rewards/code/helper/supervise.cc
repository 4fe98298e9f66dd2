#include "rewards/code/helper/supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <sstream>
#include <string_view>

#include "rewards/code/helper/tree_usage.h"

namespace cohort::judge {
namespace {

using Clock = std::chrono::steady_clock;
using End = Execution::End;

constexpr double kSetupSeconds = 20;          // from the order until the program runs
constexpr double kEndSeconds = 5;             // from the kill of the init process to its end
constexpr int kTickMilliseconds = 20;         // how often the tree's use is looked at
constexpr int64_t kReportBytes = 64 << 10;    // of the init process
constexpr size_t kReturnHeader = 32 + 1 + 8;  // nonce, kind, length

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The judge's end of a pipe that the sandbox writes to: never blocks, keeps no more than `limit`.
class Drain {
 public:
  explicit Drain(int64_t limit) : limit_(static_cast<size_t>(std::max<int64_t>(limit, 0))) {
    int ends[2];
    checked(pipe2(ends, O_CLOEXEC), "pipe2");
    read_ = Descriptor(ends[0]);
    write_ = Descriptor(ends[1]);
    checked(fcntl(read_.get(), F_SETFL, O_NONBLOCK), "F_SETFL");
  }
  int sandbox_end() const { return write_.get(); }
  void close_sandbox_end() { write_.reset(); }
  pollfd waiting() const { return {read_ ? read_.get() : -1, POLLIN, 0}; }
  // All that is there now, until the limit is passed.
  void read_some() {
    static char buffer[1 << 16];
    while (read_ && !over_) {
      const ssize_t count = read(read_.get(), buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) read_.reset();
      if (count <= 0) return;
      const size_t fits = std::min(static_cast<size_t>(count), limit_ - text_.size());
      text_.append(buffer, fits);
      over_ = fits < static_cast<size_t>(count);
    }
  }
  bool over() const { return over_; }
  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  size_t limit_;
  Descriptor read_, write_;
  std::string text_;
  bool over_ = false;
};

std::string make_nonce() {
  unsigned char bytes[16];
  size_t done = 0;
  while (done < sizeof bytes) {
    const ssize_t count = getrandom(bytes + done, sizeof bytes - done, 0);
    if (count > 0) done += static_cast<size_t>(count);
  }
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

// One frame and nothing else: what else stands there is the program's.
void read_returned(const std::string& bytes, const std::string& nonce, Execution& execution) {
  const auto fail = [&execution](std::string_view why) {
    execution.error += (execution.error.empty() || execution.error.back() == '\n') ? "" : "\n";
    execution.error += fmt::format("the call has no value: {}\n", why);
  };
  if (bytes.empty()) return fail("it did not return");
  if (bytes.size() < kReturnHeader || bytes.compare(0, nonce.size(), nonce) != 0) {
    return fail("the program wrote into its place");
  }
  uint64_t size = 0;
  for (int i = 7; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(bytes[33 + i]);
  if (size != bytes.size() - kReturnHeader) return fail("the program wrote into its place");
  std::string value = bytes.substr(kReturnHeader);
  if (bytes[32] == 'v') {
    execution.returned = std::move(value);
  } else {
    fail(value);
  }
}

class Run {
 public:
  Run(const Order& order, MemoryCgroup& group)
      : order_(order),
        group_(group),
        output_(order.limits.output_bytes),
        error_(order.limits.output_bytes),
        returns_(order.collect.empty() ? order.limits.output_bytes + int64_t{kReturnHeader}
                                       : order.collect_bytes),
        report_(kReportBytes) {}

  Outcome go(Keeper& keeper, int trainer) {
    const Limits& limits = order_.limits;
    const bool is_command = order_.kind == Order::Kind::command;
    const std::string nonce = make_nonce();
    {
      const Descriptor setup = sealed_file("setup", encode_setup(order_));
      const Descriptor input = sealed_file("input", order_.input);
      Descriptor text;
      if (!is_command) text = sealed_file("program", encode_program(order_, nonce));
      if (group_ && !group_.start(limits.memory_bytes)) {
        throw_error<IoError>("the memory cgroup takes no limit of {} bytes", limits.memory_bytes);
      }
      start_ = Clock::now();
      init_ = keeper.start_run(
          is_command, {setup.get(), input.get(), output_.sandbox_end(), error_.sandbox_end(),
                       returns_.sandbox_end(), report_.sandbox_end(),
                       is_command ? order_.program : text.get()});
    }
    for (Drain* drain : drains()) drain->close_sandbox_end();
    if (!init_) return lost();
    watch(trainer, keeper);
    std::optional<double> seconds;
    if (!keeper_lost_) seconds = keeper.finish_run();
    if (!seconds) return lost();
    for (Drain* drain : drains()) drain->read_some();  // all that wrote are gone

    Outcome outcome;
    Execution& e = outcome.execution;
    e.wall_seconds = std::chrono::duration<double>(end_ - start_).count();
    e.cpu_seconds = *seconds;
    e.output = output_.take();
    e.error = error_.take();
    judge(e);
    e.peak_memory_bytes = group_ ? group_.peak() : 0;
    if (e.peak_memory_bytes == 0) e.peak_memory_bytes = peak_;
    if (!order_.collect.empty()) {
      outcome.collected = returns_.take();
    } else if (order_.kind == Order::Kind::call && e.end == End::exited) {
      read_returned(returns_.text(), nonce, e);
    }
    return outcome;
  }

 private:
  std::array<Drain*, 4> drains() { return {&output_, &error_, &returns_, &report_}; }

  // The keeper or the interpreter is gone. When memory has run out, the kernel may take the
  // interpreter while the program that filled it is still being cleared away.
  Outcome lost() {
    Outcome outcome;
    Execution& e = outcome.execution;
    if (group_ && group_.out_of_memory()) e.end = End::memory_limit;
    if (stopped_) e.end = *stopped_;
    if (e.end == End::refused) e.error = "the sandbox ended unexpectedly";
    e.wall_seconds = seconds_since(start_);
    e.cpu_seconds = cpu_seen_;
    e.peak_memory_bytes = peak_;
    outcome.keeper_lost = true;
    return outcome;
  }

  void stop(End why) {
    if (!stopped_) stopped_ = why;
    end_ = Clock::now();
    kill_all();
  }

  void kill_all() { syscall(SYS_pidfd_send_signal, init_.get(), SIGKILL, nullptr, 0); }

  // Until the init process has ended, and with it everything in its namespace; or until the keeper
  // has to go instead, which takes all that is left with it.
  void watch(int trainer, const Keeper& keeper) {
    Clock::time_point next_look = start_ + std::chrono::milliseconds(kTickMilliseconds);
    bool running = false;
    while (true) {
      pollfd waiting[] = {output_.waiting(),      error_.waiting(),         returns_.waiting(),
                          report_.waiting(),      {init_.get(), POLLIN, 0}, {trainer, POLLRDHUP, 0},
                          {keeper.socket(), 0, 0}};
      if (stopped_ || ended_) {  // nothing more is read; the pipes' writers are dying
        for (int i = 0; i < 4; ++i) waiting[i].fd = -1;
      }
      poll(waiting, std::size(waiting), kTickMilliseconds);
      if (waiting[4].revents != 0) {
        if (!ended_ && !stopped_) end_ = Clock::now();
        return;
      }
      if (waiting[6].revents != 0) {
        keeper_lost_ = true;
        return;
      }
      // Nobody reads what comes of it. The keeper ends with the helper, at once.
      if (waiting[5].revents != 0) throw_error<IoError>("the trainer is gone");
      if (stopped_ || ended_) {
        if (seconds_since(end_) > kEndSeconds) {
          keeper_lost_ = true;
          return;
        }
        continue;
      }
      for (size_t i = 0; i < 4; ++i) {
        if (waiting[i].revents != 0) drains()[i]->read_some();
      }
      if (output_.over() || error_.over() || returns_.over() || report_.over()) {
        stop(End::output_limit);
      }
      if (!running && report_.text().starts_with("run\n")) {
        running = true;
        start_ = Clock::now();
      }
      if (report_.text().find("end ") != std::string::npos && !stopped_) {
        // The program itself is through, and so is the run: what it left behind goes with it.
        ended_ = true;
        end_ = Clock::now();
        kill_all();
        continue;
      }
      if (seconds_since(start_) > (running ? order_.limits.wall_seconds : kSetupSeconds)) {
        stop(running ? End::time_limit : End::refused);
      } else if (Clock::now() >= next_look) {
        look(keeper.interpreter());
        next_look = Clock::now() + std::chrono::milliseconds(kTickMilliseconds);
      }
    }
  }

  void look(pid_t interpreter) {
    if (group_ && group_.out_of_memory()) return stop(End::memory_limit);
    if (process_ < 0) process_ = process_of(init_.get());
    std::vector<pid_t> roots = children_of(interpreter);
    roots.push_back(process_);
    const TreeUsage usage = tree_usage(std::move(roots), order_.limits.memory_bytes);
    cpu_seen_ = std::max(cpu_seen_, usage.cpu_seconds);
    peak_ = std::max(peak_, usage.memory_bytes);
    if (!group_ && usage.memory_bytes > order_.limits.memory_bytes) stop(End::memory_limit);
    if (usage.cpu_seconds > order_.limits.cpu_seconds) stop(End::time_limit);
  }

  // From what the init process reported and what stopped it.
  void judge(Execution& e) {
    const std::string& report = report_.text();
    int64_t status = SIGKILL, microseconds = 0, kilobytes = 0;
    const size_t end = report.find("\nend ");
    if (end != std::string::npos) {
      std::istringstream numbers(report.substr(end + 5));
      numbers >> status >> microseconds >> kilobytes;
    }
    // A Python program's own; what it left to the init process is in there already.
    e.cpu_seconds = std::max(e.cpu_seconds + 1e-6 * static_cast<double>(microseconds), cpu_seen_);
    peak_ = std::max(peak_, kilobytes << 10);
    e.end = WIFEXITED(status) ? End::exited : End::signalled;
    e.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    const size_t failure = report.find("fail ");
    const bool over_time = e.cpu_seconds > order_.limits.cpu_seconds ||
                           (e.end == End::signalled && e.status == SIGXCPU);
    if (stopped_ == End::output_limit || output_.over() || error_.over() || returns_.over()) {
      e.end = End::output_limit;
    } else if (group_ && group_.out_of_memory()) {
      e.end = End::memory_limit;
    } else if (stopped_) {
      e.end = *stopped_;
    } else if (over_time) {
      e.end = End::time_limit;
    } else if (failure != std::string::npos) {
      e.end = End::refused;
    } else if (!report.starts_with("run\n")) {
      e.end = End::refused;
    } else if (report.find("\nsyntax\n") != std::string::npos) {
      e.end = End::compile_error;
    }
    if (e.end != End::refused) return;
    if (failure != std::string::npos) {
      e.error = report.substr(failure + 5, report.find('\n', failure) - failure - 5);
    } else {
      e.error = "the sandbox was not ready in time";
    }
  }

  const Order& order_;
  MemoryCgroup& group_;
  Drain output_, error_, returns_, report_;
  Descriptor init_;
  pid_t process_ = -1;
  Clock::time_point start_, end_;
  std::optional<End> stopped_;
  int64_t peak_ = 0;
  double cpu_seen_ = 0;
  bool ended_ = false, keeper_lost_ = false;
};

}  // namespace

Outcome supervise(const Order& order, Keeper& keeper, MemoryCgroup& group, int trainer) {
  return Run(order, group).go(keeper, trainer);
}

}  // namespace cohort::judge
