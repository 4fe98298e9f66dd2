// Attacks that reach for what is outside: the network, other processes, files, the kernel. A
// program tries each way and says what came of it; every way must be refused.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

class SandboxEscape : public SandboxTest {};

// try_call(name, number, ...) prints a line only when the system call is not refused.
const std::string kTryCall =
    "import ctypes, errno, os, sys\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    "def try_call(name, number, *arguments, expected=(errno.EPERM,)):\n"
    "    ctypes.set_errno(0)\n"
    "    result = libc.syscall(ctypes.c_long(number), *arguments)\n"
    "    e = ctypes.get_errno()\n"
    "    if result != -1 or e not in expected: print('NOT REFUSED', name, result, e)\n"
    "def try_python(name, action):\n"
    "    try: result = action()\n"
    "    except (OSError, ImportError): return\n"
    "    print('NOT REFUSED', name, repr(result)[:200])\n";

void expect_all_refused(const std::string& attempts) {
  const Execution e = run_python(kTryCall + attempts + "print('done')\n");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_EQ(e.output, "done\n") << describe(e);
}

// 42
TEST_F(SandboxEscape, Network) {
  expect_all_refused(fmt::format(
      "import socket\n"
      "for family in range(0, 46):\n"
      "    for kind in (1, 2, 3, 5):\n"
      "        try_call('socket', {}, family, kind, 0)\n"
      "    if family != socket.AF_UNIX:\n"
      "        pair = (ctypes.c_int * 2)()\n"
      "        try_call('socketpair', {}, family, 1, 0, pair)\n"
      "try_python('connect', lambda: socket.create_connection(('127.0.0.1', 22), 1))\n"
      "try_python('metadata', lambda: socket.create_connection(('169.254.169.254', 80), 1))\n"
      "try_python('dns', lambda: socket.getaddrinfo('example.com', 80))\n",
      SYS_socket, SYS_socketpair));
}

TEST_F(SandboxEscape, DescriptorsAreNotPassedThroughASocketpair) {
  expect_all_refused(
      "import socket\n"
      "a, b = socket.socketpair()\n"
      "a.send(b'x')\n"
      "assert b.recv(1) == b'x'\n"
      "try_python('sendmsg', lambda: socket.send_fds(a, [b'x'], [0]))\n");
}

// 43
TEST_F(SandboxEscape, KillsReachNobodyElse) {
  const Execution e = run_python(
      "import os, signal\n"
      "for pid in (-1, 0, 1, os.getppid()):\n"
      "    for s in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):\n"
      "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
      "        if pid == 0 and s != signal.SIGTERM: continue\n"
      "        if pid == os.getppid() == 0 and s != signal.SIGTERM: continue\n"
      "        try: os.kill(pid, s)\n"
      "        except OSError as error: pass\n"
      "print('alive')\n"
      "for pid in range(3, 100000):\n"
      "    try: os.kill(pid, 9)\n"
      "    except ProcessLookupError: pass\n"
      "    else: print('reached', pid)\n"
      "print(os.getpid(), len([n for n in os.listdir('/proc') if n.isdigit()]))\n");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_EQ(e.output, "alive\n2 2\n") << describe(e);
}

// 44
TEST_F(SandboxEscape, OtherProcessesMemory) {
  expect_all_refused(
      fmt::format("try_call('ptrace', {}, 16, 1, 0, 0)\n"
                  "try_call('ptrace traceme', {}, 0, 0, 0, 0)\n"
                  "try_call('process_vm_readv', {}, 1, None, 0, None, 0, 0)\n"
                  "try_call('process_vm_writev', {}, 1, None, 0, None, 0, 0)\n"
                  "try_call('pidfd_getfd', {}, 3, 0, 0)\n"
                  "try_call('kcmp', {}, 1, 2, 0, 0, 0)\n"
                  "for name in ('mem', 'environ', 'maps', 'fd', 'root', 'cwd', 'exe', 'map_files', "
                  "'auxv', 'syscall', 'stack'):\n"
                  "    path = '/proc/1/' + name\n"
                  "    try_python(path, lambda: open(path, 'rb').read(10))\n"
                  "    try_python(path, lambda: os.listdir(path))\n"
                  "    try_python(path, lambda: os.readlink(path))\n"
                  "    try_python(path, lambda: open(path, 'r+b'))\n",
                  SYS_ptrace, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
                  SYS_pidfd_getfd, SYS_kcmp));
}

// 13
TEST_F(SandboxEscape, TheParentIsNotInSight) {
  const Execution e = run_python(
      "import os\nprint(os.getppid(), sorted(n for n in os.listdir('/proc') if n.isdigit()))\n");
  EXPECT_EQ(e.output, "0 ['1', '2']\n") << describe(e);
}

// 45
TEST_F(SandboxEscape, FilesAndSecretsOfTheHost) {
  setenv("COHORT_TEST_SECRET", "secret", 1);
  const std::string secret = "/tmp/cohort_sandbox_secret";
  std::ofstream(secret) << "secret";
  chmod(secret.c_str(), 0644);
  expect_all_refused(fmt::format(
      "for path in ('/root', '/home', '/etc/passwd', '/etc/shadow', '/etc/hostname', '/var', "
      "'/opt', '/srv', '/mnt', "
      "'/media', '/run', '/boot', '/sys', '/proc/sys', '/proc/kcore', '/proc/keys', "
      "'/proc/cmdline', "
      "'/proc/1/cwd/..', '{}', '{}', '/../root', '/old_root', '/proc/self/root/../etc/passwd'):\n"
      "    try_python(path, lambda: os.listdir(path) if os.path.isdir(path) else "
      "open(path).read())\n"
      "names = sorted(os.environ)\n"
      "if names != ['HOME', 'LANG', 'PATH']: print('NOT REFUSED', names)\n"
      "if sorted(os.listdir('/')) != sorted(set(os.listdir('/')) & {{'bin', 'box', 'dev', 'etc', "
      "'lib', 'lib32', "
      "'lib64', 'libx32', 'proc', 'sbin', 'tmp', 'usr'}}): print('NOT REFUSED', "
      "os.listdir('/'))\n",
      secret, COHORT_SOURCE_DIR));
  unlink(secret.c_str());
  unsetenv("COHORT_TEST_SECRET");
}

TEST_F(SandboxEscape, NothingOfTheSampleBefore) {
  ASSERT_EQ(run_python("mark = 'sixteen' + ' candles ' * 3\nopen('x', 'w').write(mark)\n",
                       "seventeen candles")
                .end,
            End::exited);
  // In all memory of the process, which the interpreter's was copied into.
  const Execution e = run_python(
      "import re\n"
      "found = 0\n"
      "word = bytes([115, 101, 118, 101, 110, 116, 101, 101, 110]) + b' ' + bytes([99, 97, 110, "
      "100])\n"
      "word2 = bytes([115, 105, 120, 116, 101, 101, 110]) + b\"' + '\"\n"
      "mem = open('/proc/self/mem', 'rb')\n"
      "for line in open('/proc/self/maps'):\n"
      "    if ' r' not in line: continue\n"
      "    low, high = (int(x, 16) for x in line.split()[0].split('-'))\n"
      "    if high - low > 1 << 30 or 'vvar' in line or 'vsyscall' in line: continue\n"
      "    try:\n"
      "        mem.seek(low)\n"
      "        data = mem.read(high - low)\n"
      "    except (OSError, OverflowError, ValueError): continue\n"
      "    found += data.count(word2)\n"
      "    del data\n"
      "print(found <= 1)\n");
  EXPECT_EQ(e.output, "True\n") << describe(e);
}

// 46
TEST_F(SandboxEscape, WritingOutsideTheWorkFolder) {
  expect_all_refused(
      "for folder in ('/', '/usr', '/usr/bin', '/usr/lib/python3', '/etc', '/etc/alternatives', "
      "'/dev', '/proc', '/box', "
      "'/proc/self', '/lib', '/usr/local/lib'):\n"
      "    if folder == '/box': continue\n"
      "    try_python(folder, lambda: open(folder + '/x', 'w'))\n"
      "    try_python(folder, lambda: os.mkdir(folder + '/y'))\n"
      "    try_python(folder, lambda: os.chmod(folder, 0o777))\n"
      "    try_python(folder, lambda: os.utime(folder))\n"
      "for path in ('/usr/bin/python3', '/dev/null'):\n"
      "    try_python(path, lambda: os.unlink(path))\n"
      "    try_python(path, lambda: os.chmod(path, 0o777))\n"
      "    try_python(path, lambda: os.rename(path, '/tmp/p'))\n"
      "try_python('python', lambda: open('/usr/bin/python3', 'r+b'))\n");
}

// 47
TEST_F(SandboxEscape, NamespacesMountsAndSetuid) {
  expect_all_refused(fmt::format(
      "for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, "
      "0x80):\n"
      "    try_call('unshare', {}, flag)\n"
      "    if flag != 0x80: try_call('clone', {}, flag | 17, 0, 0, 0, 0)\n"
      "try_call('clone3', {}, None, 0, expected=(errno.ENOSYS,))\n"
      "try_call('setns', {}, os.open('/proc/self/ns/user', 0), 0)\n"
      "try_call('mount', {}, b'x', b'/tmp', b'tmpfs', 0, None)\n"
      "try_call('mount', {}, None, b'/', None, 32 | 4096, None)\n"
      "try_call('umount2', {}, b'/proc', 2)\n"
      "try_call('pivot_root', {}, b'/tmp', b'/tmp')\n"
      "try_call('chroot', {}, b'/tmp')\n"
      "try_call('open_tree', {}, -100, b'/', 1)\n"
      "try_call('move_mount', {}, -1, b'', -1, b'', 0)\n"
      "try_call('fsopen', {}, b'tmpfs', 0)\n"
      "try_call('mount_setattr', {}, -100, b'/', 0, None, 0)\n"
      "try_call('setuid', {}, 0, expected=(errno.EPERM, errno.EINVAL))\n"
      "try_call('setgroups', {}, 0, None, expected=(errno.EPERM, errno.EINVAL))\n"
      "try_python('mknod', lambda: os.mknod('disk', 0o600 | 0o060000, os.makedev(8, 0)))\n"
      "status = open('/proc/self/status').read()\n"
      "for line in status.splitlines():\n"
      "    if line.startswith('Cap') and not line.startswith('CapBnd') and int(line.split()[1], "
      "16): print('NOT REFUSED', line)\n"
      "    if line.startswith('NoNewPrivs') and line.split()[1] != '1': print('NOT REFUSED', "
      "line)\n"
      "    if line.startswith('Seccomp:') and line.split()[1] != '2': print('NOT REFUSED', line)\n"
      "for program in ('su', 'mount', 'passwd', 'newgrp'):\n"
      "    import subprocess\n"
      "    try: r = subprocess.run([program, '-h'], capture_output=True)\n"
      "    except OSError: continue\n"
      "import shutil\n"
      "shutil.copy('/usr/bin/id', 'id')\n"
      "os.chmod('id', 0o6755)\n"
      "try_python('exec in the work folder', lambda: subprocess.run(['./id']))\n",
      SYS_unshare, SYS_clone, SYS_clone3, SYS_setns, SYS_mount, SYS_mount, SYS_umount2,
      SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_mount_setattr,
      SYS_setuid, SYS_setgroups));
}

// The warm interpreter's child would not be the run's.
TEST_F(SandboxEscape, ABrotherInsteadOfAChild) {
  const auto start = std::chrono::steady_clock::now();
  expect_all_refused(fmt::format("try_call('clone', {}, 0x8000 | 17, 0, 0, 0, 0)\n", SYS_clone));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

// A bit left in the page cache for the next program.
TEST_F(SandboxEscape, PageCache) {
  expect_all_refused(fmt::format(
      "import mmap\n"
      "f = os.open('/usr/bin/python3', os.O_RDONLY)\n"
      "m = mmap.mmap(f, 1 << 16, prot=mmap.PROT_READ)\n"
      "try_python('dontneed', lambda: os.posix_fadvise(f, 0, 0, os.POSIX_FADV_DONTNEED))\n"
      "try_python('nowait', lambda: os.preadv(f, [bytearray(10)], 0, 8))\n"
      "try_python('cold', lambda: m.madvise(20))\n"
      "try_python('pageout', lambda: m.madvise(21))\n"
      "try_call('readahead', {}, f, 0, 4096)\n"
      "try_call('mincore', {}, None, 0, None)\n"
      "assert os.preadv(f, [bytearray(10)], 0) == 10\n",
      SYS_readahead, SYS_mincore));
}

// 48
TEST_F(SandboxEscape, KernelInterfaces) {
  expect_all_refused(fmt::format(
      "try_call('add_key', {}, b'user', b'x', b'y', 1, -3)\n"
      "try_call('request_key', {}, b'user', b'x', None, 0)\n"
      "try_call('keyctl', {}, 0, -3, 1)\n"
      "try_call('io_uring_setup', {}, 8, None)\n"
      "try_call('io_uring_enter', {}, 0, 0, 0, 0)\n"
      "try_call('bpf', {}, 0, None, 0)\n"
      "try_call('perf_event_open', {}, None, 0, -1, -1, 0)\n"
      "try_call('userfaultfd', {}, 1)\n"
      "try_call('kexec_load', {}, 0, 0, None, 0)\n"
      "try_call('open_by_handle_at', {}, -100, None, 0)\n"
      "try_call('name_to_handle_at', {}, -100, b'/', None, None, 0)\n"
      "try_call('memfd_create', {}, b'x', 0)\n"
      "try_call('shmget', {}, 0, 4096, 0o1600)\n"
      "try_call('msgget', {}, 0, 0o1600)\n"
      "try_call('semget', {}, 0, 1, 0o1600)\n"
      "try_call('mq_open', {}, b'q', 0o102, 0o600, None)\n"
      "try_call('init_module', {}, None, 0, b'')\n"
      "try_call('swapon', {}, b'/tmp', 0)\n"
      "try_call('reboot', {}, 0xfee1dead, 672274793, 0, None)\n"
      "try_call('quotactl', {}, 0, None, 0, None)\n"
      "try_call('acct', {}, b'/tmp/x')\n"
      "try_call('syslog', {}, 3, None, 0)\n"
      "try_call('personality', {}, 0x0040000)\n"
      "try_call('seccomp', {}, 1, 0, None)\n"
      "try_call('prctl seccomp', {}, 22, 2, None, 0, 0)\n"
      "try_call('fanotify_init', {}, 0, 0)\n",
      SYS_add_key, SYS_request_key, SYS_keyctl, SYS_io_uring_setup, SYS_io_uring_enter, SYS_bpf,
      SYS_perf_event_open, SYS_userfaultfd, SYS_kexec_load, SYS_open_by_handle_at,
      SYS_name_to_handle_at, SYS_memfd_create, SYS_shmget, SYS_msgget, SYS_semget, SYS_mq_open,
      SYS_init_module, SYS_swapon, SYS_reboot, SYS_quotactl, SYS_acct, SYS_syslog, SYS_personality,
      SYS_seccomp, SYS_prctl, SYS_fanotify_init));
}

#ifdef __x86_64__
TEST_F(SandboxEscape, CallsByOtherNumbersKill) {
  // The x32 numbers, and the 32-bit entry.
  Execution e =
      run_python(kTryCall + "libc.syscall(ctypes.c_long(0x40000000 + 39))\nprint('alive')\n");
  EXPECT_EQ(e.end, End::signalled) << describe(e);
  EXPECT_EQ(e.status, SIGSYS);
  e = run_cpp(
      "#include <stdio.h>\nint main() { int r = 20; asm volatile(\"int $0x80\" : \"+a\"(r)); "
      "printf(\"%d\", r); }");
  EXPECT_EQ(e.end, End::signalled) << describe(e);
  EXPECT_EQ(e.output, "");
}
#endif

// 49
TEST_F(SandboxEscape, KernelSettings) {
  expect_all_refused(
      "for path in ('/proc/sys/kernel/hostname', '/proc/sys/kernel/core_pattern', "
      "'/proc/sysrq-trigger', "
      "'/proc/self/oom_score_adj', '/proc/self/uid_map', '/proc/self/setgroups', "
      "'/proc/self/coredump_filter', "
      "'/proc/self/comm', '/proc/self/timerslack_ns', '/proc/self/attr/current', '/sys/kernel/mm', "
      "'/dev/kmsg', "
      "'/dev/mem', '/dev/tty', '/dev/ptmx', '/dev/pts', '/dev/kvm', '/dev/fuse', '/dev/vda', "
      "'/dev/console'):\n"
      "    try_python(path, lambda: os.write(os.open(path, os.O_WRONLY), b'1'))\n"
      "import socket\n"
      "try_python('hostname', lambda: socket.sethostname('x'))\n"
      "if socket.gethostname() != 'sandbox': print('NOT REFUSED', socket.gethostname())\n");
}

// 50
TEST_F(SandboxEscape, LocksOnSharedFiles) {
  expect_all_refused(
      "import fcntl\n"
      "f = open('/usr/bin/python3', 'rb')\n"
      "try_python('flock', lambda: fcntl.flock(f, fcntl.LOCK_EX))\n"
      "try_python('lockf', lambda: fcntl.lockf(f, fcntl.LOCK_SH))\n"
      "try_python('ofd', lambda: fcntl.fcntl(f, 37, bytes(32)))\n"
      "try_python('lease', lambda: fcntl.fcntl(f, 1024, 0))\n"
      "try_python('notify', lambda: fcntl.fcntl(os.open('/usr', 0), 1026, 1))\n"
      "if libc.inotify_init() != -1: print('NOT REFUSED inotify')\n");
}

// 51
TEST_F(SandboxEscape, TheClock) {
  expect_all_refused(
      fmt::format("import time\n"
                  "try_python('settime', lambda: time.clock_settime(time.CLOCK_REALTIME, 0))\n"
                  "try_call('settimeofday', {}, None, None)\n"
                  "try_call('adjtimex', {}, bytes(256))\n"
                  "try_call('clock_adjtime', {}, 0, bytes(256))\n",
                  SYS_settimeofday, SYS_adjtimex, SYS_clock_adjtime));
}

// 16
TEST_F(SandboxEscape, InheritedDescriptorsAndTerminals) {
  // Open here, without close-on-exec, when the helper of a pool of its own is started.
  const int leaked = open("/etc/passwd", O_RDONLY);
  const int leaked_high = fcntl(leaked, F_DUPFD, 200);
  const auto pool = start_sandbox(1, helper_path_for_tests());
  Job job;
  job.source =
      "import os, fcntl, termios\n"
      "seen = []\n"
      "for fd in range(3, 4096):\n"
      "    try: seen.append((fd, os.fstat(fd)))\n"
      "    except OSError: pass\n"
      "for fd in range(0, 3):\n"
      "    try: fcntl.ioctl(fd, termios.TIOCSTI, b'x')\n"
      "    except OSError: pass\n"
      "    else: seen.append('TIOCSTI')\n"
      "for path in ('/dev/tty', '/dev/pts/0', '/dev/console'):\n"
      "    if os.path.exists(path): seen.append(path)\n"
      "print(seen)\n";
  Execution e = pool->run({job}).at(0);
  EXPECT_EQ(e.output, "[]\n") << describe(e);
  job.language = Job::Language::cpp;
  job.source =
      "#include <stdio.h>\n#include <fcntl.h>\nint main() { for (int i = 3; i < 4096; ++i) if "
      "(fcntl(i, F_GETFD) != -1) "
      "printf(\"%d \", i); }";
  e = pool->run({job}).at(0);
  EXPECT_EQ(e.output, "") << describe(e);
  close(leaked);
  close(leaked_high);
}

// 52
TEST_F(SandboxEscape, TheEnvironmentOfTheTrainer) {
  setenv("LD_PRELOAD", "/nowhere/evil.so", 1);
  setenv("PYTHONPATH", "/tmp", 1);
  setenv("PYTHONSTARTUP", "/tmp/evil.py", 1);
  setenv("PYTHONOPTIMIZE", "1", 1);
  const auto pool = start_sandbox(1, helper_path_for_tests());
  for (const char* name : {"LD_PRELOAD", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONOPTIMIZE"})
    unsetenv(name);
  Job job;
  job.source =
      "import os, sys\nassert sys.flags.optimize == 0\nprint(sorted(os.environ), [p for p in "
      "sys.path if 'tmp' in p])\n";
  EXPECT_EQ(pool->run({job}).at(0).output, "['HOME', 'LANG', 'PATH'] []\n");
}

TEST_F(SandboxEscape, ModulesDroppedInTheWorkFolderStayThere) {
  const char* plant =
      "for name in ('sitecustomize', 'usercustomize', 'json', 'conftest', 'traceback', 'atexit'):\n"
      "    open(name + '.py', 'w').write('print(\"planted\")')\n"
      "open('_json.so', 'w').write('x')\nopen('a.pth', 'w').write('import evil')\nprint('ok')\n";
  EXPECT_EQ(run_python(plant).output, "ok\n");
  EXPECT_EQ(run_python("import json, traceback\nprint(json.dumps(1))\n").output, "1\n");
}

}  // namespace
}  // namespace cohort::judge
