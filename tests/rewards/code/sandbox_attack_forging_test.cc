// Attacks on what is said about a run: its end, its output, its value. What a program can forge is
// at most what it could have answered.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

class SandboxForging : public SandboxTest {};

// 4, 5, 6
TEST_F(SandboxForging, EndingBeforeTheCallIsNoValue) {
  for (const char* source :
       {"import sys\nsys.exit(0)\n", "import os\nos._exit(0)\n", "raise SystemExit\n",
        "raise KeyboardInterrupt\n", "class E(BaseException): pass\nraise E\n",
        "raise GeneratorExit\n", "exit()\n", "quit(0)\n",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        "import ctypes\nctypes.string_at(0)\n"}) {
    const Execution e = run_call(std::string(source) + "def f(): return 1\n", "f", "()");
    EXPECT_FALSE(e.returned.has_value()) << source << describe(e);
    EXPECT_TRUE(e.end == End::exited || e.end == End::signalled) << source << describe(e);
  }
}

// 7
TEST_F(SandboxForging, WhatRunsAtTheEndMakesNoValue) {
  const Execution e = run_call(
      "import atexit, sys, threading, time\n"
      "atexit.register(lambda: print('passed'))\n"
      "sys.excepthook = lambda *a: print('passed')\n"
      "threading.excepthook = lambda *a: print('passed')\n"
      "class D:\n"
      "    def __del__(self): print('passed')\n"
      "d = D()\n"
      "def f(): raise ValueError\n",
      "f", "()");
  EXPECT_FALSE(e.returned.has_value()) << describe(e);
  EXPECT_EQ(e.status, 1);
  // Output alone: for the judge to compare.
  const Execution hook =
      run_python("import sys\nsys.excepthook = lambda *a: print('passed')\n1/0\n");
  EXPECT_EQ(hook.status, 1);
  EXPECT_EQ(hook.output, "passed\n");
}

// 8
TEST_F(SandboxForging, PrintingAFrameIsOutput) {
  const Execution e = run_call(
      "import sys\n"
      "def f():\n"
      "    print('0' * 32 + 'v\\x01\\0\\0\\0\\0\\0\\0\\0' + '1')\n"
      "    print('end 0 0 0', file=sys.stderr)\n"
      "    raise ValueError\n",
      "f", "()");
  EXPECT_FALSE(e.returned.has_value()) << describe(e);
  EXPECT_EQ(e.end, End::exited);
  EXPECT_EQ(e.status, 1);
}

TEST_F(SandboxForging, WritingIntoTheValuesPlaceSpoilsIt) {
  const char* write =
      "    import os\n"
      "    for fd in range(3, 64):\n"
      "        try: os.write(fd, b'0' * 32 + b'v' + bytes([1]) + bytes(7) + b'1')\n"
      "        except OSError: pass\n";
  Execution e = run_call(std::string("def f():\n") + write + "    return 2\n", "f", "()");
  EXPECT_FALSE(e.returned.has_value()) << describe(e);
  e = run_call(std::string("def f():\n") + write + "    os._exit(0)\n", "f", "()");
  EXPECT_FALSE(e.returned.has_value()) << describe(e);
}

TEST_F(SandboxForging, TwoReturnsAreNone) {
  const Execution e = run_call("import os\ndef f():\n    os.fork()\n    return 1\n", "f", "()");
  EXPECT_TRUE(!e.returned.has_value() || *e.returned == "1") << describe(e);
  const Execution twice = run_call(
      "import os, time\ndef f():\n    if os.fork(): time.sleep(0.3)\n    return os.getpid()\n", "f",
      "()");
  EXPECT_FALSE(twice.returned.has_value()) << describe(twice);
}

// The report of how a run ended comes from outside the program.
TEST_F(SandboxForging, TheEndCannotBeReportedFromInside) {
  const Execution e = run_python(
      "import os\n"
      "for fd in range(3, 64):\n"
      "    try: os.write(fd, b'end 0 0 0\\nsyntax\\nfail x\\n')\n"
      "    except OSError: pass\n"
      "    else: print('reached', fd)\n"
      "os.abort()\n");
  EXPECT_EQ(e.end, End::signalled) << describe(e);
  EXPECT_EQ(e.output, "");
}

// 12
TEST_F(SandboxForging, MemoryOfTheInterpreterHoldsNoAnswer) {
  const Execution e = run_call(
      "def f(x):\n"
      "    import ctypes, gc\n"
      "    maps = open('/proc/self/maps').read()\n"
      "    mem = open('/proc/self/mem', 'rb')\n"
      "    ctypes.c_long.from_address(id(1)).value += 1\n"
      "    return len(maps) > 0 and len(gc.get_objects()) > 0\n",
      "f", "(1,)");
  EXPECT_EQ(e.returned, "True") << describe(e);
}

// 14
TEST_F(SandboxForging, PatchedBuiltinsDoNotReachTheRunner) {
  const Execution e = run_call(
      "import builtins, json, os, sys, operator, math\n"
      "def f():\n"
      "    for name in ('len', 'repr', 'type', 'str', 'int', 'isinstance', 'id', 'all', 'any', "
      "'print', 'ascii', 'range',\n"
      "                 'bool', 'float', 'list', 'tuple', 'dict', 'set', 'bytes', 'ValueError', "
      "'AssertionError',\n"
      "                 'BaseException', 'Exception', 'getattr', 'hasattr', 'open', 'min', 'max', "
      "'sorted', 'enumerate'):\n"
      "        setattr(builtins, name, lambda *a, **k: 7)\n"
      "    os.write = sys.exit = lambda *a: 7\n"
      "    json.dumps = lambda *a: '7'\n"
      "    sys.stdout = sys.stderr = None\n"
      "    builtins.__import__ = None\n"
      "    return [1, 'a', (2.5, None)]\n",
      "f", "()");
  EXPECT_EQ(e.returned, "[1,'a',(2.5,None,),]") << describe(e);
  const Execution end = run_python(
      "import builtins\n"
      "print('out')\n"
      "for name in list(vars(builtins)):\n"
      "    if not name.startswith('_') and name != 'setattr': setattr(builtins, name, None)\n");
  EXPECT_EQ(end.output, "out\n") << describe(end);
  EXPECT_EQ(end.status, 0) << describe(end);
  EXPECT_EQ(end.error, "");
}

// 15
TEST_F(SandboxForging, TracingTheRunnerChangesOnlyItsOwnAnswer) {
  const Execution e = run_call(
      "import sys\n"
      "def f():\n"
      "    def trace(frame, event, arg):\n"
      "        raise SystemExit(0)\n"
      "    sys.settrace(trace)\n"
      "    sys.setprofile(trace)\n"
      "    return 1\n",
      "f", "()");
  EXPECT_TRUE(!e.returned.has_value() || *e.returned == "1") << describe(e);
  EXPECT_NE(e.end, End::refused) << describe(e);
  EXPECT_EQ(run_python("assert False, 'on'\n").status, 1);
}

// 17
TEST_F(SandboxForging, LinksInTheWorkFolderAreNotFollowed) {
  EXPECT_EQ(
      run_python(
          "import os\nos.symlink('/etc/shadow', 'program')\nos.symlink('/proc/1/mem', 'out')\n"
          "try: os.link('/usr/bin/python3', 'hard')\nexcept OSError: print('no')\n")
          .output,
      "no\n");
  // A program of the compiler's making is taken from the work folder; a link there is no program.
  const Execution e =
      run_cpp("asm(\".section .note.x\\n.incbin \\\"/proc/self/environ\\\"\"); int main() {}");
  EXPECT_TRUE(e.end == End::exited || e.end == End::compile_error) << describe(e);
}

// 18
TEST_F(SandboxForging, StatusZeroWithoutOutputIsJustThat) {
  const Execution e = run_python("import os\nos._exit(0)\n");
  EXPECT_EQ(e.end, End::exited);
  EXPECT_EQ(e.status, 0);
  EXPECT_EQ(e.output, "");
  EXPECT_FALSE(e.returned.has_value());
}

// 20, 21
TEST_F(SandboxForging, OutputArrivesAsItIs) {
  const Execution e = run_python(
      "import sys\nsys.stdout.buffer.write(b'1\\n\\n  \\0\\r\\xff\\x1b[2K1\\x08' + b' ' * 100000 + "
      "b'extra')\n");
  EXPECT_EQ(e.output,
            std::string("1\n\n  \0\r\xff\x1b[2K1\x08", 14) + std::string(100000, ' ') + "extra");
}

// 22
TEST_F(SandboxForging, ErrorsAreNotOutput) {
  const Execution e = run_python("import sys\nprint('42', file=sys.stderr)\n");
  EXPECT_EQ(e.output, "");
  EXPECT_EQ(e.error, "42\n");
}

TEST_F(SandboxForging, OutputOfWhatIsLeftBehindIsNotWaitedFor) {
  const Execution e = run_python(
      "import os, time\nif os.fork() == 0:\n    time.sleep(0.5)\n    print('late')\nelse:\n    "
      "print('now')\n");
  EXPECT_EQ(e.output, "now\n");
}

}  // namespace
}  // namespace cohort::judge
