#include "rewards/plugin/command_guard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

namespace cohort {

namespace {

// The asker itself gives half a second.
constexpr auto kGrace = std::chrono::seconds(1);

void kill_group_when_asker_is_gone() {
  std::thread([] {
    pollfd input{.fd = STDIN_FILENO, .events = 0, .revents = 0};
    while (poll(&input, 1, -1) <= 0 || (input.revents & (POLLHUP | POLLERR)) == 0) {
    }
    std::this_thread::sleep_for(kGrace);
    kill(0, SIGKILL);
  }).detach();
}

}  // namespace

void guard_command(char** argv) {
  if (getpgrp() != getpid()) setpgid(0, 0);
  const pid_t guard = getpid();
  const pid_t command = fork();
  if (command == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == guard) execvp(argv[0], argv);
    fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(errno));
    _exit(127);
  }
  if (command < 0) {
    perror("fork");
    _exit(127);
  }
  // The command alone holds its output open: that it closes it must be seen.
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(nothing, STDOUT_FILENO);
  dup2(nothing, STDERR_FILENO);
  kill_group_when_asker_is_gone();
  int status = 0;
  while (waitpid(command, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
  const rlimit none{};  // one core file is enough
  setrlimit(RLIMIT_CORE, &none);
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  _exit(128 + WTERMSIG(status));
}

}  // namespace cohort
