#include "rewards/code/helper/run_init.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>

#include "rewards/code/helper/order.h"
#include "rewards/code/helper/sandbox_root.h"

namespace cohort::judge {
namespace {

constexpr char kWork[] = "/box/work";
constexpr pid_t kFirstChild = 2;  // after the init process itself: the first in its namespace

void report(int fd, const std::string& line) { (void)!write(fd, line.data(), line.size()); }

void mount_box(int64_t file_bytes) {
  const std::string options = fmt::format("size={},nr_inodes=2048,mode=755", file_bytes);
  checked(mount("box", "/box", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()),
          "tmpfs");
  for (const char* folder : {kWork, "/box/tmp", "/box/shm"}) checked(mkdir(folder, 0755), folder);
}

void write_files(const Setup& setup) {
  for (const auto& [name, content] : setup.files) {
    const std::filesystem::path path = std::filesystem::path(kWork) / name;
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    const Descriptor file(
        checked(open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644), name));
    for (size_t done = 0; done < content.size();) {
      done += static_cast<size_t>(
          checked(write(file.get(), content.data() + done, content.size() - done), name));
    }
  }
}

void install(const std::string& filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size() / sizeof(sock_filter)),
                           reinterpret_cast<sock_filter*>(const_cast<char*>(filter.data()))};
  checked(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), "PR_SET_SECCOMP");
}

// 0: this process.
void limit_process(pid_t process, const std::vector<ResourceLimit>& limits) {
  for (const ResourceLimit& limit : limits) {
    const rlimit value{limit.soft, limit.hard};
    checked(prlimit(process, static_cast<__rlimit_resource>(limit.resource), &value, nullptr),
            "prlimit");
  }
}

[[noreturn]] void run_command(const RunFiles& files, const Setup& setup) {
  checked(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE");
  checked(setsid(), "setsid");
  for (const int number : {SIGPIPE, SIGINT}) signal(number, SIG_DFL);
  const int program =
      files.program ? checked(fcntl(files.program.get(), F_DUPFD_CLOEXEC, 100), "dup") : -1;
  checked(dup2(files.input.get(), 0), "dup");
  checked(dup2(files.output.get(), 1), "dup");
  checked(dup2(files.error.get(), 2), "dup");
  checked(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
  std::vector<char*> arguments;
  for (const std::string& argument : setup.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const char* const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/box/work",
                                     "LANG=C.UTF-8", nullptr};
  // Last, and nothing is allocated any more: the limits are the program's, not this code's.
  limit_process(0, setup.limits);
  if (program >= 0) {
    fexecve(program, arguments.data(), const_cast<char**>(environment));
  } else {
    execve(arguments[0], arguments.data(), const_cast<char**>(environment));
  }
  throw_error<IoError>("the program cannot be started: {}", std::strerror(errno));
}

// A regular file of the work folder: what it leads to otherwise is the program's choice.
void send_file(const std::string& name, int target) {
  const std::string path = std::string(kWork) + "/" + name;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  while (sendfile(target, file.get(), nullptr, size_t{1} << 20) > 0) {
  }
}

// The program has the same user, and must not reach into this process.
void close_to_others() { checked(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE"); }

// Until the judge ends this process.
[[noreturn]] void take_in(const sigset_t& orphans) {
  while (true) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    sigwaitinfo(&orphans, nullptr);
  }
}

}  // namespace

void run_init(RunFiles files, bool has_proc, bool is_command, const std::string& filter) {
  const int reporting = files.report.get();
  try {
    checked(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    const Setup setup = decode_setup(read_start(files.setup.get()));
    mount_box(setup.file_bytes);
    if (has_proc) {
      checked(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
                    "subset=pid"),
              "proc");
    }
    write_files(setup);
    checked(chdir(kWork), "chdir");
    drop_capabilities();
    if (!is_command) {
      // The interpreter has joined when its child writes; it may not while this process is closed.
      const int child = files.meeting.get();
      char byte = 0;
      if (recv(child, &byte, 1, 0) != 1) _exit(1);
      close_to_others();
      limit_process(kFirstChild, setup.limits);
      sigset_t orphans;
      sigemptyset(&orphans);
      sigaddset(&orphans, SIGCHLD);
      checked(sigprocmask(SIG_BLOCK, &orphans, nullptr), "sigprocmask");
      checked(send(child, "g", 1, MSG_NOSIGNAL), "meeting");
      checked(close_range(0, ~0U, 0), "close_range");
      install(filter);
      take_in(orphans);
    }
    install(filter);
    close_to_others();
    report(reporting, "run\n");
    const pid_t child = checked(fork(), "fork");
    if (child == 0) run_command(files, setup);
    int status = 0;
    while (waitpid(-1, &status, 0) != child) {
    }
    if (!setup.collect.empty() && status == 0) send_file(setup.collect, files.returns.get());
    report(reporting, fmt::format("end {} 0 0\n", status));
  } catch (const std::exception& error) {
    report(reporting, fmt::format("fail {}\n", error.what()));
  }
  _exit(0);
}

}  // namespace cohort::judge
