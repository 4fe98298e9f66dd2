#include "rewards/code/helper/interpreter.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <charconv>

#include "rewards/code/helper/runner_source.h"
#include "rewards/code/helper/sandbox_root.h"
#include "rewards/code/helper/syscall_filter.h"

namespace cohort::judge {
namespace {

constexpr int kStartMilliseconds = 60000;
constexpr int kAnswerMilliseconds = 20000;

bool readable(int fd, int milliseconds) {
  pollfd waiting{fd, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&waiting, 1, milliseconds)) < 0 && errno == EINTR) {
  }
  return ready > 0;
}

void map_user(uid_t user, gid_t group) {
  const auto put = [](const char* path, const std::string& text) {
    if (!write_file(path, text)) throw_error<IoError>("{}: {}", path, std::strerror(errno));
  };
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", fmt::format("1000 {} 1", user));
  put("/proc/self/gid_map", fmt::format("1000 {} 1", group));
}

const char* python_path() {
  for (const char* path : {"/usr/bin/python3", "/usr/local/bin/python3"}) {
    if (access(path, X_OK) == 0) return path;
  }
  throw_error<IoError>("python3 is neither in /usr/bin nor in /usr/local/bin");
}

// In the new namespaces; `go` is readable once the process is in its cgroup.
[[noreturn]] void become_interpreter(int socket, int filter, int go, int errors, uid_t user,
                                     gid_t group) {
  try {
    checked(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    char byte = 0;
    if (read(go, &byte, 1) != 1) _exit(1);  // the helper is gone
    map_user(user, group);
    const bool proc = enter_sandbox_root();
    checked(sethostname("sandbox", 7), "sethostname");
    const char* python = python_path();
    keep_only_sys_admin();
    // 0, 1 and 2 are /dev/null. Then the socket and the filter.
    const int kept_socket = checked(fcntl(socket, F_DUPFD_CLOEXEC, 10), "dup");
    const int kept_filter = checked(fcntl(filter, F_DUPFD_CLOEXEC, 10), "dup");
    const int kept_errors = checked(fcntl(errors, F_DUPFD_CLOEXEC, 10), "dup");
    checked(dup2(kept_socket, 3), "dup");
    checked(dup2(kept_filter, 4), "dup");
    checked(close_range(5, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
    const std::string source(kRunnerSource), has_proc = proc ? "1" : "0";
    const char* const arguments[] = {"python3",        "-s",   "-S", "-B", "-c", source.c_str(),
                                     has_proc.c_str(), nullptr};
    // The order of a set of strings is the same in every run.
    const char* const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/work",
                                       "LANG=C.UTF-8", "PYTHONHASHSEED=0", nullptr};
    execve(python, const_cast<char**>(arguments), const_cast<char**>(environment));
    const std::string text = fmt::format("{}: {}", python, std::strerror(errno));
    (void)!write(kept_errors, text.data(), text.size());
  } catch (const Error& error) {
    (void)!write(errors, error.what(), std::strlen(error.what()));
  }
  _exit(1);
}

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe() {
  int ends[2];
  checked(pipe2(ends, O_CLOEXEC), "pipe2");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace

Interpreter::Process::~Process() {
  if (pid <= 0) return;
  kill(pid, SIGKILL);  // the init of its namespace: all below it goes too
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Interpreter::Interpreter(MemoryCgroup& group) {
  const Descriptor filter = sealed_file("filter", syscall_filter());
  int ends[2];
  checked(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
  socket_ = Descriptor(ends[0]);
  Descriptor theirs(ends[1]);
  Pipe go = make_pipe(), errors = make_pipe();
  const uid_t user = geteuid();
  const gid_t user_group = getegid();

  constexpr unsigned long kNamespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC |
                                        CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;
  const long pid = syscall(SYS_clone, kNamespaces | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) {
    throw_error<IoError>(
        "this system refuses namespaces (clone: {}): see kernel.unprivileged_userns_clone, "
        "user.max_user_namespaces, AppArmor's restriction, or the container's seccomp profile",
        std::strerror(errno));
  }
  if (pid == 0) {
    go.write.reset();
    become_interpreter(theirs.get(), filter.get(), go.read.get(), errors.write.get(), user,
                       user_group);
  }
  process_.pid = static_cast<pid_t>(pid);
  errors.write.reset();
  theirs.reset();
  if (group && !group.add(process_.pid)) {
    throw_error<IoError>("cgroup.procs: {}", std::strerror(errno));
  }
  checked(write(go.write.get(), "g", 1), "pipe");

  std::string text;
  char buffer[512];
  ssize_t count = 0;
  while (readable(errors.read.get(), kStartMilliseconds) &&
         (count = read(errors.read.get(), buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<size_t>(count));
  }
  if (!text.empty()) throw_error<IoError>("this system refuses a sandbox: {}", text);
  if (!readable(socket_.get(), kStartMilliseconds) ||
      recv(socket_.get(), buffer, sizeof buffer, 0) < 2) {
    throw_error<IoError>("python3 did not start in the sandbox");
  }
  has_proc_ = buffer[1] == '1';
}

Descriptor Interpreter::start_run(const std::vector<int>& descriptors) {
  char byte = 'r';
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 16)] = {};
  const size_t size = descriptors.size() * sizeof(int);
  COHORT_CHECK(descriptors.size() <= 16, "{} descriptors", descriptors.size());
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(size);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(header), descriptors.data(), size);
  if (sendmsg(socket_.get(), &message, MSG_NOSIGNAL) != 1) return {};

  message.msg_controllen = sizeof control;
  if (!readable(socket_.get(), kAnswerMilliseconds) ||
      recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC) != 1) {
    return {};
  }
  header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return {};
  int pidfd = -1;
  std::memcpy(&pidfd, CMSG_DATA(header), sizeof pidfd);
  return Descriptor(pidfd);
}

std::optional<Interpreter::Usage> Interpreter::finish_run() {
  char text[64];
  if (!readable(socket_.get(), kAnswerMilliseconds)) return {};
  const ssize_t size = recv(socket_.get(), text, sizeof text, 0);
  int64_t microseconds = 0, kilobytes = 0;
  if (size <= 0) return {};
  const auto first = std::from_chars(text, text + size, microseconds);
  if (first.ec != std::errc() || first.ptr == text + size) return {};
  std::from_chars(first.ptr + 1, text + size, kilobytes);
  return Usage{static_cast<double>(microseconds) * 1e-6, kilobytes << 10};
}

}  // namespace cohort::judge
