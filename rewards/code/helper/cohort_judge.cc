// cohort-judge: runs judged programs in a sandbox for the process that started it, over the socket
// that is its descriptor 3. As root, what does so has first become an unprivileged user.
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rewards/code/helper/memory_cgroup.h"
#include "rewards/code/helper/run_job.h"
#include "rewards/code/sandbox_wire.h"

namespace cohort::judge {
namespace {

constexpr int kTrainer = 3;

// Ranges that neither Debian nor systemd gives to users or services: 65536 to 99999, and, where
// only 65536 users are mapped (containers), 60578 to 61183. A user of its own for each helper:
// RLIMIT_NPROC does not hold for root, and on older kernels counts all processes of a user.
void become_unprivileged() {
  if (geteuid() != 0) return;
  const unsigned number = static_cast<unsigned>(getpid());
  for (const unsigned id : {70000 + number % 29000, 60578 + number % 606}) {
    if (setgroups(0, nullptr) != 0) break;
    if (setresgid(id, id, id) == 0 && setresuid(id, id, id) == 0) return;
    if (errno != EINVAL) break;
  }
  throw_error<IoError>("root cannot become an unprivileged user: {}", std::strerror(errno));
}

std::string describe(const MemoryCgroup& group, const JobRunner& runner) {
  std::string text = "namespaces, seccomp, rlimits; memory by ";
  text +=
      group ? fmt::format("cgroup v{}", group.version()) : "polling (no writable memory cgroup)";
  if (!runner.has_proc()) text += "; no /proc inside";
  if (access("/usr/bin/g++", X_OK) != 0) text += "; no g++: C++ programs do not compile";
  return text;
}

void serve(MemoryCgroup& group, pid_t parent) {
  std::unique_ptr<JobRunner> runner;
  Hello hello;
  try {
    become_unprivileged();
    checked(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    if (getppid() != parent) return;  // it was too late
    checked(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    checked(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE");  // to write its own uid_map
    runner = std::make_unique<JobRunner>(group, kTrainer);
    hello = {true, describe(group, *runner)};
  } catch (const Error& error) {
    hello = {false, error.what()};
  }
  std::string bytes;
  if (!send_frame(kTrainer, encode(hello)) || !runner) return;
  while (receive_frame(kTrainer, bytes) == Received::frame) {
    const std::vector<Job> jobs = decode_jobs(bytes);
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (!send_frame(kTrainer, encode(runner->run(jobs[i])))) return;
      if (i + 1 == jobs.size()) break;
      if (receive_frame(kTrainer, bytes) != Received::frame) return;
      if (bytes != kNextJob) break;
    }
    runner->forget_program();
  }
}

// The parent of the helper proper: keeps the rights to remove its cgroup when it has ended, or when
// SIGTERM says that it has to.
int run() {
  umask(022);
  signal(SIGPIPE, SIG_IGN);
  if (chdir("/") != 0 || close_range(kTrainer + 1, ~0U, 0) != 0) return 1;
  fcntl(kTrainer, F_SETFD, FD_CLOEXEC);
  sigset_t waited;
  sigemptyset(&waited);
  sigaddset(&waited, SIGCHLD);
  sigaddset(&waited, SIGTERM);
  sigprocmask(SIG_BLOCK, &waited, nullptr);
  MemoryCgroup group;
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    sigprocmask(SIG_UNBLOCK, &waited, nullptr);
    serve(group, parent);
    _exit(0);
  }
  close(kTrainer);
  while (child > 0 && waitpid(child, nullptr, WNOHANG) == 0) {
    if (sigwaitinfo(&waited, nullptr) == SIGTERM) kill(child, SIGKILL);
  }
  group.remove();
  return 0;
}

}  // namespace
}  // namespace cohort::judge

int main() {
  try {
    return cohort::judge::run();
  } catch (const cohort::Error&) {
    return 1;  // the closed socket tells the other side
  }
}
