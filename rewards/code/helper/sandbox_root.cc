#include "rewards/code/helper/sandbox_root.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rewards/code/helper/system.h"

namespace cohort::judge {
namespace {

constexpr char kRoot[] = "/tmp";  // hidden, in this mount namespace alone

std::string inside(const std::string& path) { return kRoot + path; }

void make_folder(const std::string& path) { checked(mkdir(inside(path).c_str(), 0755), path); }

void make_link(const std::string& target, const std::string& path) {
  checked(symlink(target.c_str(), inside(path).c_str()), path);
}

void restrict_mount(const std::string& path, uint64_t flags, unsigned how) {
  mount_attr attributes{};
  attributes.attr_set = flags;
  checked(mount_setattr(AT_FDCWD, path.c_str(), how, &attributes, sizeof attributes),
          "mount_setattr " + path);
}

// With whatever is mounted below it.
void bind_read_only(const std::string& path) {
  const std::string target = inside(path);
  checked(mount(path.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr), "bind " + path);
  restrict_mount(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, AT_RECURSIVE);
}

// /lib and its like: links into /usr on a merged system, else folders.
void add_like_host(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) return;
  if (S_ISLNK(status.st_mode)) {
    char target[256];
    const ssize_t size = readlink(path.c_str(), target, sizeof target);
    make_link(std::string(target, static_cast<size_t>(checked(size, path))), path);
  } else if (S_ISDIR(status.st_mode)) {
    make_folder(path);
    bind_read_only(path);
  }
}

void add_device(const std::string& path) {
  const std::string target = inside(path);
  const Descriptor file(checked(open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600), path));
  checked(mount(path.c_str(), target.c_str(), nullptr, MS_BIND, nullptr), "bind " + path);
  restrict_mount(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
}

void set_capabilities(uint32_t which) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  data[0].effective = data[0].permitted = data[0].inheritable = which;
  checked(syscall(SYS_capset, &header, data), "capset");
}

}  // namespace

bool enter_sandbox_root() {
  checked(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
  checked(mount("sandbox", kRoot, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,nr_inodes=64,mode=755"),
          "tmpfs");
  make_folder("/usr");
  bind_read_only("/usr");
  for (const char* path : {"/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin"}) {
    add_like_host(path);
  }
  make_folder("/etc");
  add_like_host("/etc/alternatives");  // where some systems' compilers and linkers are links to
  make_folder("/dev");
  for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    add_device(path);
  }
  make_link("/proc/self/fd", "/dev/fd");
  make_link("/proc/self/fd/0", "/dev/stdin");
  make_link("/proc/self/fd/1", "/dev/stdout");
  make_link("/proc/self/fd/2", "/dev/stderr");
  make_folder("/box");
  make_link("/box/tmp", "/tmp");
  make_link("/box/shm", "/dev/shm");
  make_folder("/proc");
  // Refused in containers whose own /proc is partly covered: there is then none in the sandbox.
  // Not read-only: the kernel wants a run's own to be no less restricted.
  const bool proc = mount("proc", inside("/proc").c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                          "subset=pid") == 0;

  checked(chdir(kRoot), "chdir");
  checked(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  checked(umount2(".", MNT_DETACH), "umount of the old root");
  checked(chdir("/"), "chdir");
  restrict_mount("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                 0);
  return proc;
}

void keep_namespace_capabilities() {
  for (int capability = 0; capability < 64; ++capability) {
    if (capability == CAP_SYS_ADMIN || capability == CAP_SYS_CHROOT) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;  // this kernel has no more of them
  }
  set_capabilities(1U << CAP_SYS_ADMIN | 1U << CAP_SYS_CHROOT);
  for (const int capability : {CAP_SYS_ADMIN, CAP_SYS_CHROOT}) {
    checked(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), "ambient capability");
  }
}

void drop_capabilities() { set_capabilities(0); }

}  // namespace cohort::judge
