#include "rewards/code/helper/keeper.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstdlib>

#include "rewards/code/helper/messages.h"
#include "rewards/code/helper/run_init.h"
#include "rewards/code/helper/runner_source.h"
#include "rewards/code/helper/sandbox_root.h"
#include "rewards/code/helper/syscall_filter.h"
#include "rewards/code/helper/tree_usage.h"

namespace cohort::judge {
namespace {

constexpr int kStartMilliseconds = 60000;
constexpr int kAnswerMilliseconds = 20000;
constexpr unsigned long kOuterNamespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS |
                                           CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
                                           CLONE_NEWCGROUP;
// A network namespace alone costs the kernel a millisecond: a run shares its helper's, which is
// empty, and has no socket call. The same goes for uts and cgroup.
constexpr unsigned long kRunNamespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC;

void map_user(uid_t user, gid_t group) {
  const auto put = [](const char* path, const std::string& text) {
    if (!write_file(path, text)) throw_error<IoError>("{}: {}", path, std::strerror(errno));
  };
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", fmt::format("1000 {} 1", user));
  put("/proc/self/gid_map", fmt::format("1000 {} 1", group));
  // When memory runs out, a judged program goes before a trainer.
  put("/proc/self/oom_score_adj", "1000");
}

const char* python_path() {
  for (const char* path : {"/usr/bin/python3", "/usr/local/bin/python3"}) {
    if (access(path, X_OK) == 0) return path;
  }
  throw_error<IoError>("python3 is neither in /usr/bin nor in /usr/local/bin");
}

struct Filters {
  std::string command, waiting;
  Descriptor interpreter, program;  // sealed files
};

Filters make_filters() {
  const SplitFilter split = split_program_filter();
  return {program_filter(), waiting_filter(), sealed_file("filter", split.interpreter),
          sealed_file("filter", split.program)};
}

[[noreturn]] void exec_interpreter(const char* python, int socket, const Filters& filters) {
  // Descriptors 0, 1 and 2 are /dev/null; then the socket and the filters.
  const int kept[] = {fcntl(socket, F_DUPFD_CLOEXEC, 10),
                      fcntl(filters.interpreter.get(), F_DUPFD_CLOEXEC, 10),
                      fcntl(filters.program.get(), F_DUPFD_CLOEXEC, 10)};
  if (dup2(kept[0], 3) == 3 && dup2(kept[1], 4) == 4 && dup2(kept[2], 5) == 5 &&
      close_range(6, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
      prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0) {
    const char* const arguments[] = {"python3", "-s", "-S", "-B", "-c", kRunnerSource, nullptr};
    // With this seed the order of a set of strings is the same in every run.
    const char* const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/box/work",
                                       "LANG=C.UTF-8", "PYTHONHASHSEED=0", nullptr};
    execve(python, const_cast<char**>(arguments), const_cast<char**>(environment));
  }
  _exit(127);
}

// The keeper proper, inside.
class Inside {
 public:
  Inside(Descriptor socket, Filters filters)
      : socket_(std::move(socket)), filters_(std::move(filters)) {
    has_proc_ = enter_sandbox_root();
    checked(sethostname("sandbox", 7), "sethostname");
    const char* python = python_path();
    keep_namespace_capabilities();
    MessageSockets sockets = make_message_sockets();
    interpreter_ = checked(fork(), "fork");
    if (interpreter_ == 0) exec_interpreter(python, sockets.theirs.get(), filters_);
    to_interpreter_ = std::move(sockets.ours);
    sockets.theirs.reset();
    filters_.interpreter.reset();
    filters_.program.reset();
    if (!receive_message(to_interpreter_.get(), kStartMilliseconds)) {
      throw_error<IoError>("{} did not start", python);
    }
  }

  void serve() {
    send_message(socket_.get(), has_proc_ ? "proc" : "no proc");
    while (auto order = receive_message(socket_.get())) {
      if (order->files.size() < 6 || !run(order->text == "command", std::move(order->files)))
        return;
    }
  }

 private:
  // False: no more runs.
  bool run(bool is_command, std::vector<Descriptor> given) {
    RunFiles files;
    Descriptor* const places[] = {&files.setup, &files.input,   &files.output,
                                  &files.error, &files.returns, &files.report};
    for (size_t i = 0; i < std::size(places); ++i) *places[i] = std::move(given[i]);
    if (given.size() > 6) files.program = std::move(given[6]);
    MessageSockets meeting = make_message_sockets();
    files.meeting = std::move(meeting.ours);
    int pidfd = -1;
    const long pid = syscall(SYS_clone, kRunNamespaces | CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
    if (pid < 0) return false;
    if (pid == 0) {
      run_init(std::move(files), has_proc_, is_command,
               is_command ? filters_.command : filters_.waiting);
    }
    const Descriptor init(pidfd);
    files.meeting.reset();
    if (!is_command && !send_message(to_interpreter_.get(), "run",
                                     {init.get(), files.program.get(), meeting.theirs.get(),
                                      files.input.get(), files.output.get(), files.error.get(),
                                      files.returns.get(), files.report.get()})) {
      return false;
    }
    meeting.theirs.reset();  // its end is seen by the init process when the interpreter has failed
    files = {};
    if (!send_message(socket_.get(), "started", {init.get()})) return false;
    rusage usage{};
    pid_t ended = 0;
    while (ended != pid) {
      int status = 0;
      ended = wait4(-1, &status, 0, &usage);
      if (ended == interpreter_ || (ended < 0 && errno != EINTR)) return false;
    }
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return send_message(socket_.get(),
                        fmt::format("{:.6f}", seconds(usage.ru_utime) + seconds(usage.ru_stime)));
  }

  Descriptor socket_;
  Filters filters_;
  bool has_proc_ = false;
  Descriptor to_interpreter_;
  pid_t interpreter_ = -1;
};

// `go` is readable once the process is in its cgroup.
[[noreturn]] void keep(Descriptor socket, Filters filters, Descriptor go, Descriptor errors,
                       uid_t user, gid_t group) {
  try {
    checked(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    char byte = 0;
    if (read(go.get(), &byte, 1) != 1) _exit(1);  // the helper is gone
    map_user(user, group);
    // Of what was open in the helper, only these stay.
    for (Descriptor* kept : {&socket, &errors, &filters.interpreter, &filters.program}) {
      *kept = Descriptor(checked(fcntl(kept->get(), F_DUPFD_CLOEXEC, 100), "dup"));
    }
    checked(close_range(3, 99, 0), "close_range");
    Inside inside{std::move(socket), std::move(filters)};
    errors.reset();
    inside.serve();
  } catch (const std::exception& error) {
    if (errors) (void)!write(errors.get(), error.what(), std::strlen(error.what()));
  }
  _exit(1);
}

}  // namespace

Keeper::Process::~Process() {
  if (pid <= 0) return;
  kill(pid, SIGKILL);  // the init of its namespace: all below it goes too
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Keeper::Keeper(MemoryCgroup& group) {
  Filters filters = make_filters();
  MessageSockets sockets = make_message_sockets();
  int go[2], errors[2];
  checked(pipe2(go, O_CLOEXEC), "pipe2");
  Descriptor go_read(go[0]), go_write(go[1]);
  checked(pipe2(errors, O_CLOEXEC), "pipe2");
  Descriptor errors_read(errors[0]), errors_write(errors[1]);
  const uid_t user = geteuid();
  const gid_t user_group = getegid();

  const long pid = syscall(SYS_clone, kOuterNamespaces | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) {
    throw_error<IoError>(
        "this system refuses namespaces (clone: {}): see kernel.unprivileged_userns_clone, "
        "user.max_user_namespaces, AppArmor's restriction, or the container's seccomp profile",
        std::strerror(errno));
  }
  if (pid == 0) {
    go_write.reset();
    keep(std::move(sockets.theirs), std::move(filters), std::move(go_read), std::move(errors_write),
         user, user_group);
  }
  process_.pid = static_cast<pid_t>(pid);
  errors_write.reset();
  sockets.theirs.reset();
  socket_ = std::move(sockets.ours);
  if (group && !group.add(process_.pid)) {
    throw_error<IoError>("cgroup.procs: {}", std::strerror(errno));
  }
  checked(write(go_write.get(), "g", 1), "pipe");

  std::string text;
  char buffer[512];
  ssize_t count = 0;
  while ((count = read(errors_read.get(), buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<size_t>(count));
  }
  if (!text.empty()) throw_error<IoError>("this system refuses a sandbox: {}", text);
  const auto ready = receive_message(socket_.get(), kStartMilliseconds);
  const std::vector<pid_t> children = children_of(process_.pid);
  if (!ready || children.empty()) throw_error<IoError>("the sandbox did not start");
  has_proc_ = ready->text == "proc";
  interpreter_ = children.front();
}

Descriptor Keeper::start_run(bool is_command, const Files& files) {
  std::vector<int> given = {files.setup, files.input,   files.output,
                            files.error, files.returns, files.report};
  if (files.program >= 0) given.push_back(files.program);
  if (!send_message(socket_.get(), is_command ? "command" : "python", given)) return {};
  auto answer = receive_message(socket_.get(), kAnswerMilliseconds);
  if (!answer || answer->files.empty()) return {};
  return std::move(answer->files[0]);
}

std::optional<double> Keeper::finish_run() {
  const auto answer = receive_message(socket_.get(), kAnswerMilliseconds);
  if (!answer) return {};
  return std::atof(answer->text.c_str());
}

}  // namespace cohort::judge
