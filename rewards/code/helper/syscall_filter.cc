#include "rewards/code/helper/syscall_filter.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>

#include "rewards/code/helper/system.h"

namespace cohort::judge {
namespace {

// Names that this machine's architecture, or an older libseccomp, does not know are skipped: there
// is then no such call, or only one of the list's other walls (no capability, no namespace).
constexpr const char* kRefused[] = {
    // other processes' memory, descriptors and control flow
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "kcmp",
    "process_madvise",
    "process_mrelease",
    // what outlives a run or crosses namespaces
    "add_key",
    "request_key",
    "keyctl",
    "shmget",
    "shmat",
    "shmctl",
    "semget",
    "semop",
    "semtimedop",
    "semctl",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "mq_open",
    "mq_unlink",
    "flock",
    "inotify_init",
    "inotify_init1",
    "inotify_add_watch",
    "fanotify_init",
    "fanotify_mark",
    // memory that no limit counts
    "memfd_create",
    "memfd_secret",
    "mlock",
    "mlock2",
    "mlockall",
    // large kernel interfaces that no judged program needs
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "io_setup",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "seccomp",
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
    "lookup_dcookie",
    "uselib",
    "vm86",
    "vm86old",
    "modify_ldt",
    "iopl",
    "ioperm",
    "remap_file_pages",
    "vmsplice",
    "mincore",
    "cachestat",
    "fadvise64",
    "fadvise64_64",
    "arm_fadvise64_64",
    "readahead",
    "map_shadow_stack",
    // namespaces and mounts
    "unshare",
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "open_tree_attr",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "statmount",
    "listmount",
    "name_to_handle_at",
    "open_by_handle_at",
    // the machine
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    "syslog",
    "vhangup",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "clock_adjtime64",
    "clock_settime64",
    "adjtimex",
    "stime",
    "nfsservctl",
    "personality",
    "move_pages",
    "migrate_pages",
    "mbind",
    "set_mempolicy",
    "set_mempolicy_home_node",
    // the network; a socketpair is a pipe, but one that could pass descriptors on
    "socket",
    "bind",
    "listen",
    "connect",
    "accept",
    "accept4",
    "sendmsg",
    "sendmmsg",
    "socketcall",
};

class Filter {
 public:
  explicit Filter(uint32_t otherwise = SCMP_ACT_ALLOW) : context_(seccomp_init(otherwise)) {
    if (context_ == nullptr) throw_error<IoError>("libseccomp: no filter can be made");
    set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree, not a list: each call of a program passes here
  }
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  void refuse(const char* name, std::initializer_list<scmp_arg_cmp> when = {}, int error = EPERM) {
    add(SCMP_ACT_ERRNO(error), name, when);
  }
  void allow(const char* name) { add(SCMP_ACT_ALLOW, name, {}); }

  std::string program() {
    const Descriptor file(checked(memfd_create("filter", MFD_CLOEXEC), "memfd_create"));
    check(seccomp_export_bpf(context_, file.get()), "export");
    return read_start(file.get());
  }

 private:
  void add(uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> when) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR || call < 0) return;
    check(seccomp_rule_add_array(context_, action, call, static_cast<unsigned>(when.size()),
                                 when.begin()),
          name);
  }
  void set(scmp_filter_attr attribute, uint32_t value) {
    check(seccomp_attr_set(context_, attribute, value), "attribute");
  }
  static void check(int result, const char* what) {
    if (result < 0) throw_error<IoError>("libseccomp: {}: {}", what, std::strerror(-result));
  }
  scmp_filter_ctx context_;
};

scmp_arg_cmp has_bit(unsigned argument, uint64_t bit) {
  return {argument, SCMP_CMP_MASKED_EQ, bit, bit};
}
// The kernel reads these arguments as 32 bits: what stands above them must not matter.
scmp_arg_cmp equals(unsigned argument, uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffffffff, value};
}

// What neither a program nor the interpreter, which starts it, may call.
void refuse_to_both(Filter& filter) {
  for (const char* name : kRefused) filter.refuse(name);
  // CLONE_PARENT would make a child of the warm interpreter.
  for (const uint64_t flag : {CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWIPC,
                              CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_PARENT}) {
    filter.refuse("clone", {has_bit(0, flag)});
  }
  // Its flags lie in memory, where no filter can look. The C library falls back to clone().
  filter.refuse("clone3", {}, ENOSYS);
  // Anything but AF_UNIX; the argument is an int.
  filter.refuse("socketpair", {{0, SCMP_CMP_GT, AF_UNIX, 0}});
  filter.refuse("socketpair", {{0, SCMP_CMP_LT, AF_UNIX, 0}});
  // Locks, leases and notices on files that other programs see too.
  for (const uint64_t command :
       {F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE, F_NOTIFY}) {
    filter.refuse("fcntl", {equals(1, command)});
  }
  // With these a page of /usr could be dropped, or asked for without being read: a bit that the
  // next program finds.
  for (const char* name : {"preadv2", "pwritev2"}) {
    filter.refuse(name, {has_bit(5, RWF_NOWAIT)}, EOPNOTSUPP);
  }
  for (const int advice : {MADV_COLD, MADV_PAGEOUT}) {
    filter.refuse("madvise", {equals(2, static_cast<uint64_t>(advice))});
  }
  filter.refuse("ioctl", {equals(1, TIOCSTI)});
  filter.refuse("ioctl", {equals(1, TIOCLINUX)});
  // Limits of another process: the namespace's init has the same user.
  filter.refuse("prlimit64", {{0, SCMP_CMP_NE, 0, 0}});
}

// What the interpreter needs to start a program.
void refuse_to_program(Filter& filter) {
  filter.refuse("setns");
  filter.refuse("prctl", {equals(0, PR_SET_SECCOMP)});
}

}  // namespace

std::string program_filter() {
  Filter filter;
  refuse_to_both(filter);
  refuse_to_program(filter);
  return filter.program();
}

SplitFilter split_program_filter() {
  Filter interpreter, program;
  refuse_to_both(interpreter);
  refuse_to_program(program);
  return {interpreter.program(), program.program()};
}

std::string waiting_filter() {
  Filter filter(SCMP_ACT_ERRNO(EPERM));
  for (const char* name : {"wait4", "rt_sigtimedwait", "exit_group"}) filter.allow(name);
  return filter.program();
}

}  // namespace cohort::judge
