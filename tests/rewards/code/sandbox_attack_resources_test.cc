// Attacks on what the machine has: processes, memory, time, output, files. Each ends in a named
// limit or in the program's own failure, in time; the fixture sees to the rest.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

using Clock = std::chrono::steady_clock;

class SandboxAttack : public SandboxTest {
 protected:
  // Answered within the wall limit, with room for a busy machine.
  Execution attack(const std::string& source, const Limits& limits = short_limits()) {
    const auto start = Clock::now();
    Execution e = run_python(source, "", limits);
    EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), limits.wall_seconds + 3);
    return e;
  }
  Execution attack_cpp(const std::string& source, const Limits& limits = short_limits()) {
    Execution e = run_cpp("#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n" + source,
                          "", limits);
    EXPECT_TRUE(e.end == End::compile_error || e.wall_seconds < limits.wall_seconds + 3)
        << describe(e);
    return e;
  }
};

// 25
TEST_F(SandboxAttack, ForkBomb) {
  const Execution e = attack(
      "import os\n"
      "while True:\n"
      "    try: os.fork()\n"
      "    except OSError: pass\n",
      tight_limits());
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
}

TEST_F(SandboxAttack, ForkBombInCpp) {
  const Execution e = attack_cpp("int main() { while (true) fork(); }", tight_limits());
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
}

TEST_F(SandboxAttack, ForksAreCountedOverTheWholeTree) {
  const Execution e = attack(
      "import os, time\n"
      "count = 0\n"
      "try:\n"
      "    while True:\n"
      "        if os.fork() == 0: time.sleep(30)\n"
      "        count += 1\n"
      "except OSError: print(count)\n");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_LE(std::stoi(e.output), 32);
  EXPECT_GE(std::stoi(e.output), 28);
}

// 26
TEST_F(SandboxAttack, ThreadBomb) {
  const Execution e = attack(
      "import threading, time\n"
      "while True: threading.Thread(target=time.sleep, args=(30,), daemon=True).start()\n");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_EQ(e.status, 1);
}

// 27
TEST_F(SandboxAttack, OneBigAllocation) {
  const Execution e = attack("x = bytearray(10**12)\nprint('got it')");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_EQ(e.status, 1);
  EXPECT_NE(e.error.find("MemoryError"), std::string::npos);
  EXPECT_EQ(attack("x = bytearray(600 * 10**6)\nprint('got it')").end, End::memory_limit);
  EXPECT_EQ(attack_cpp("int main() { char* v = new char[600000000]; memset(v, 1, 600000000); "
                       "printf(\"got it %d\", v[getpid()]); }")
                .end,
            End::memory_limit);
}

TEST_F(SandboxAttack, MemoryWithinTheLimitIsGiven) {
  const Execution e = attack("x = bytearray(180 * 10**6)\nprint('got it')");
  EXPECT_EQ(e.output, "got it\n") << describe(e);
  EXPECT_GT(e.peak_memory_bytes, 150 << 20);
  EXPECT_LT(e.peak_memory_bytes, 256 << 20);
}

// 28
TEST_F(SandboxAttack, ManyChildrenBelowThePerProcessLimit) {
  const Execution e = attack(
      "import os, time\n"
      "for _ in range(12):\n"
      "    if os.fork() == 0:\n"
      "        x = bytearray(60 * 10**6)\n"
      "        time.sleep(30)\n"
      "time.sleep(30)\n");
  EXPECT_EQ(e.end, End::memory_limit) << describe(e);
}

// 29
TEST_F(SandboxAttack, MemoryByTmpfsAndShm) {
  for (const char* folder : {".", "/tmp", "/dev/shm"}) {
    const Execution e = attack(std::string("import os\nos.chdir('") + folder +
                               "')\nn = 0\n"
                               "try:\n"
                               "    while True:\n"
                               "        with open(str(n), 'wb') as f: f.write(bytes(10**6))\n"
                               "        n += 1\n"
                               "except OSError as e: print(n, e.errno)\n");
    EXPECT_EQ(e.output, "16 28\n") << folder << describe(e);  // ENOSPC at 16 MiB
  }
}

TEST_F(SandboxAttack, MemoryByMemfd) {
  const Execution e = attack("import os\nos.memfd_create('x')\n");
  EXPECT_EQ(e.status, 1);
  EXPECT_NE(e.error.find("PermissionError"), std::string::npos) << describe(e);
}

TEST_F(SandboxAttack, MemoryBySharedMappings) {
  const Execution e = attack(
      "import mmap, time\n"
      "all = []\n"
      "for _ in range(40):\n"
      "    m = mmap.mmap(-1, 20 * 10**6)\n"
      "    m.write(b'x' * (20 * 10**6))\n"
      "    all.append(m)\n"
      "time.sleep(30)\n");
  EXPECT_EQ(e.end, End::memory_limit) << describe(e);
}

TEST_F(SandboxAttack, MemoryByPipesAndSocketBuffers) {
  const Execution e = attack(
      "import os, socket\n"
      "kept = []\n"
      "try:\n"
      "    while True:\n"
      "        r, w = os.pipe()\n"
      "        os.set_blocking(w, False)\n"
      "        kept.append((r, w))\n"
      "        try:\n"
      "            while True: os.write(w, bytes(65536))\n"
      "        except BlockingIOError: pass\n"
      "except OSError as e: print(len(kept), e.errno)\n");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_NE(e.output.find(" 24"), std::string::npos) << describe(e);  // EMFILE: 64 descriptors
}

// 30
TEST_F(SandboxAttack, OutputWithoutEnd) {
  const Execution e = attack("while True: print('x' * 10000)\n");
  EXPECT_EQ(e.end, End::output_limit) << describe(e);
  EXPECT_EQ(e.output.size(), static_cast<size_t>(short_limits().output_bytes));
  EXPECT_EQ(attack("import sys\nwhile True: sys.stderr.write('x' * 10000)\n").end,
            End::output_limit);
  EXPECT_EQ(attack_cpp("int main() { while (true) puts(\"xxxxxxxxxxxxxxxx\"); }").end,
            End::output_limit);
}

// 31
TEST_F(SandboxAttack, InputThatIsNeverRead) {
  const std::string input(20 << 20, 'x');
  const Execution e = run_python("print('y' * 3000000)\n", input);
  EXPECT_EQ(e.end, End::exited) << describe(e).substr(0, 300);
  EXPECT_EQ(e.output.size(), 3000001U);
}

TEST_F(SandboxAttack, OutputOfMegabytesWhileInputIsRead) {
  std::string input;
  for (int i = 0; i < 200000; ++i) input += "0123456789\n";
  const Execution e =
      run_python("import sys\nfor line in sys.stdin: sys.stdout.write(line)\n", input);
  EXPECT_EQ(e.output, input);
}

// 32
TEST_F(SandboxAttack, StdoutClosedAndStillRunning) {
  const Execution e = attack(
      "import os, time\nos.close(0)\nos.close(1)\nos.close(2)\ntime.sleep(30)\n", tight_limits());
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
}

// 33
TEST_F(SandboxAttack, InodeBomb) {
  const Execution e = attack(
      "n = 0\n"
      "try:\n"
      "    while True:\n"
      "        open('f%d' % n, 'w').close()\n"
      "        n += 1\n"
      "except OSError as e: print(n < 2048, e.errno)\n");
  EXPECT_EQ(e.output, "True 28\n") << describe(e);
}

TEST_F(SandboxAttack, SparseFile) {
  const Execution e =
      attack("import os\nos.truncate(os.open('f', os.O_CREAT | os.O_WRONLY), 10**12)\n");
  EXPECT_NE(e.error.find("OSError: [Errno 27]"), std::string::npos) << describe(e);  // EFBIG
}

TEST_F(SandboxAttack, DeepFolders) {
  const Execution e = attack(
      "import os\nn = 0\n"
      "try:\n"
      "    while True:\n"
      "        os.mkdir('d')\n"
      "        os.chdir('d')\n"
      "        n += 1\n"
      "except OSError as e: print(n < 2048, e.errno)\n");
  EXPECT_EQ(e.output, "True 28\n") << describe(e);
}

// 34
TEST_F(SandboxAttack, BusyLoop) {
  EXPECT_EQ(attack("while True: pass\n", tight_limits()).end, End::time_limit);
  EXPECT_EQ(
      attack_cpp("int main() { volatile int i = 0; while (true) i = i + 1; }", tight_limits()).end,
      End::time_limit);
}

TEST_F(SandboxAttack, BusyLoopsOfManyShortProcesses) {
  const Execution e = attack(
      "import os, time\n"
      "while True:\n"
      "    if os.fork() == 0:\n"
      "        end = time.process_time() + 0.2\n"
      "        while time.process_time() < end: pass\n"
      "        os._exit(0)\n"
      "    os.wait()\n",
      tight_limits());
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
}

// 35
TEST_F(SandboxAttack, SleepForEver) {
  const Execution e = attack("import time\ntime.sleep(10**6)\n", tight_limits());
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
  EXPECT_GE(e.wall_seconds, tight_limits().wall_seconds);
}

// 36
TEST_F(SandboxAttack, SignalsIgnored) {
  const Execution e = attack(
      "import signal\n"
      "for s in range(1, 65):\n"
      "    try: signal.signal(s, signal.SIG_IGN)\n"
      "    except (OSError, ValueError): pass\n"
      "while True: pass\n");
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
}

// 37
TEST_F(SandboxAttack, TimeoutCaughtAndGoingOn) {
  const Execution e = attack(
      "import signal\n"
      "def again(*_): pass\n"
      "signal.signal(signal.SIGXCPU, again)\n"
      "signal.signal(signal.SIGALRM, again)\n"
      "while True:\n"
      "    try:\n"
      "        while True: pass\n"
      "    except BaseException: pass\n");
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
}

// 38
TEST_F(SandboxAttack, DaemonThatOutlivesTheRun) {
  const Execution e = attack(
      "import os, time\n"
      "if os.fork() == 0:\n"
      "    os.setsid()\n"
      "    if os.fork() == 0:\n"
      "        for fd in range(64):\n"
      "            try: os.close(fd)\n"
      "            except OSError: pass\n"
      "        time.sleep(1000)\n"
      "    os._exit(0)\n"
      "print('done')\n");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_EQ(e.output, "done\n");
  EXPECT_LT(e.wall_seconds, 1.5);
}

// 39
TEST_F(SandboxAttack, StoppedAndZombieChildren) {
  const Execution e = attack(
      "import os, signal\n"
      "for i in range(10):\n"
      "    pid = os.fork()\n"
      "    if pid == 0:\n"
      "        if i % 2: os.kill(os.getpid(), signal.SIGSTOP)\n"
      "        os._exit(0)\n"
      "print('done', flush=True)\n"
      "os.kill(os.getpid(), signal.SIGSTOP)\n");
  EXPECT_EQ(e.end, End::time_limit) << describe(e);
  EXPECT_EQ(e.output, "done\n");
}

// 40
TEST_F(SandboxAttack, RecursionWithoutEnd) {
  const Execution e = attack("import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()\n");
  EXPECT_TRUE(e.end == End::signalled || e.end == End::memory_limit || e.end == End::time_limit ||
              (e.end == End::exited && e.status == 1))
      << describe(e);
  EXPECT_EQ(
      attack_cpp(
          "int f(int n) { volatile int k = n; return f(k + 1) + k; } int main() { return f(0); }")
          .end,
      End::signalled);
}

TEST_F(SandboxAttack, PythonThatIsHardToCompile) {
  Limits limits = short_limits();
  for (const std::string& source : std::vector<std::string>{
           "x = 9**9**9", "x = " + std::string(100000, '(') + std::string(100000, ')'),
           "x = " + std::string(200000, '-') + "1", "x = 'a' * 10**9 * 10**9",
           "x = ((1,) * 10**4,) * 10**4 * 10**4 * 10**4"}) {
    const Execution e = attack(source, limits);
    EXPECT_TRUE(e.end != End::exited || e.status != 0) << source.substr(0, 40) << describe(e);
    EXPECT_NE(e.end, End::refused) << source.substr(0, 40) << describe(e);
  }
}

TEST_F(SandboxAttack, CppThatIsHardToCompile) {
  const std::vector<std::string> sources = {
      "template <int N> struct A { A<N + 1> a; }; A<0> a; int main() {}",
      "#include \"/dev/zero\"\nint main() {}",
      "#include \"/dev/random\"\nint main() {}",
      "#include __FILE__\nint main() {}",
      "int a[1ULL << 40] = {1}; int main() {}",
      "char a[1 << 30] = {1}; int main() {}",
      "template <int N> constexpr long f() { return f<N - 1>() + f<N - 2>(); } template <> "
      "constexpr long f<0>() { "
      "return 1; } template <> constexpr long f<1>() { return 1; } int main() { return f<2000>(); "
      "}",
      "asm(\".rept 2000000000\\n.quad 1\\n.endr\"); int main() {}",
      "asm(\".incbin \\\"/etc/shadow\\\"\"); int main() {}"};
  std::vector<Job> jobs;
  for (const std::string& source : sources) {
    jobs.push_back({});
    jobs.back().language = Job::Language::cpp;
    jobs.back().source = source;
  }
  const auto start = Clock::now();
  const std::vector<Execution> executions = run_side_by_side(jobs);
  EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), 120);
  for (size_t i = 0; i < jobs.size(); ++i) {
    const Execution& e = executions[i];
    EXPECT_TRUE(e.end == End::compile_error || e.end == End::time_limit ||
                e.end == End::memory_limit || e.end == End::output_limit)
        << sources[i] << describe(e);
  }
}

TEST_F(SandboxAttack, GiganticArraysAtRun) {
  for (const char* source :
       {"static char a[1ULL << 33]; int main() { a[12345] = 1; return a[1]; }",
        "static char a[1 << 30]; int main() { memset(a, 1, sizeof a); puts(\"got it\"); }"}) {
    const Execution e = attack_cpp(source);
    EXPECT_TRUE(e.end == End::signalled || e.end == End::memory_limit ||
                e.end == End::compile_error)
        << describe(e);
    EXPECT_EQ(e.output, "");
  }
}

// 41
TEST_F(SandboxAttack, RegularExpressionAndZipCatastrophes) {
  EXPECT_EQ(attack("import re\nre.match('(a+)+$', 'a' * 40 + 'b')\n").end, End::time_limit);
  const Execution e = attack(
      "import zlib\n"
      "d = zlib.compressobj()\n"
      "small = b''.join(d.compress(bytes(10**6)) for _ in range(600)) + d.flush()\n"
      "print(len(zlib.decompress(small)))\n");
  EXPECT_TRUE(e.end == End::memory_limit || e.end == End::time_limit || e.status != 0)
      << describe(e);
}

// 53
TEST_F(SandboxAttack, OutputThatIsHardToKeep) {
  Limits limits = short_limits();
  limits.output_bytes = int64_t{64} << 20;
  limits.cpu_seconds = 10;
  limits.wall_seconds = 20;
  Execution e = run_python("import sys\nsys.stdout.write('\\n' * 10**8)\n", "", limits);
  EXPECT_EQ(e.end, End::output_limit) << describe(e).substr(0, 100);
  EXPECT_EQ(e.output.size(), static_cast<size_t>(limits.output_bytes));
  e = run_python("import os\nx = b'x' * 10**6\nfor _ in range(1000): os.write(1, x)\n", "", limits);
  EXPECT_EQ(e.end, End::output_limit) << describe(e).substr(0, 100);
}

TEST_F(SandboxAttack, ReturnedValueThatIsHardToKeep) {
  const Execution deep = run_call(
      "def f():\n    a = []\n    for _ in range(10**5): a = [a]\n    return a\n", "f", "()");
  EXPECT_FALSE(deep.returned.has_value());
  EXPECT_EQ(deep.end, End::exited) << describe(deep);
  const Execution wide = run_call("def f(): return 'x' * 10**8\n", "f", "()");
  EXPECT_FALSE(wide.returned.has_value());
}

}  // namespace
}  // namespace cohort::judge
