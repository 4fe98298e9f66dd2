#include "rewards/code/sandbox.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "core/base/error.h"
#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

TEST_F(SandboxTest, RunsAPythonProgramOnItsInput) {
  const Execution e = run_python("a, b = map(int, input().split())\nprint(a * b)\n", "6 7\n");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_EQ(e.status, 0);
  EXPECT_EQ(e.output, "42\n");
  EXPECT_EQ(e.error, "");
  EXPECT_FALSE(e.returned.has_value());
  EXPECT_GT(e.wall_seconds, 0);
  EXPECT_GT(e.cpu_seconds, 0);
}

TEST_F(SandboxTest, RunsACppProgramOnItsInput) {
  const Execution e = run_cpp(
      "#include <iostream>\nint main() { long long a, b; std::cin >> a >> b; std::cout << a * b; "
      "return 3; }",
      "6 7\n");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_EQ(e.status, 3);
  EXPECT_EQ(e.output, "42");
}

TEST_F(SandboxTest, AnExceptionIsAStatusAndATraceback) {
  const Execution e = run_python("def f():\n    return [][1]\nprint('before')\nf()\n");
  EXPECT_EQ(e.end, End::exited);
  EXPECT_EQ(e.status, 1);
  EXPECT_EQ(e.output, "before\n");
  EXPECT_NE(e.error.find("line 2, in f"), std::string::npos) << e.error;
  EXPECT_NE(e.error.find("IndexError"), std::string::npos) << e.error;
  EXPECT_EQ(e.error.find("<string>"), std::string::npos) << e.error;  // of the runner
}

TEST_F(SandboxTest, ASyntaxErrorIsACompileError) {
  for (const char* source : {"def f(:\n", "x = 'a\0b'", "x = '\xff'", "return 1"}) {
    const Execution e = run_python(std::string(source));
    EXPECT_EQ(e.end, End::compile_error) << describe(e);
    EXPECT_NE(e.error.find("Error"), std::string::npos) << describe(e);
  }
  EXPECT_EQ(run_python(std::string("x = 1\0", 6)).end, End::compile_error);
}

TEST_F(SandboxTest, ACppErrorIsACompileErrorWithTheCompilersWords) {
  const Execution e = run_cpp("int main() { return x; }");
  EXPECT_EQ(e.end, End::compile_error) << describe(e);
  EXPECT_NE(e.error.find("was not declared"), std::string::npos) << describe(e);
}

TEST_F(SandboxTest, ACallReturnsItsValueAsALiteral) {
  const Execution e = run_call(
      "def f(*given):\n    print('not the value')\n    return list(given)\n", "f",
      "(1, -2.5, 'a\\u1234\\n', None, True, (1,), (), {'k': [1]}, {3}, set(), float('nan'), "
      "float('-inf'), 1000000000000000000000000000000, 1e100, -0.0, '\\ud800')");
  EXPECT_EQ(e.end, End::exited) << describe(e);
  EXPECT_EQ(e.output, "not the value\n");
  ASSERT_TRUE(e.returned.has_value()) << describe(e);
  EXPECT_EQ(*e.returned,
            "[1,-2.5,'a\\u1234\\n',None,True,(1,),(),{'k':[1,],},{3,},set(),float(\"nan\"),"
            "float(\"-inf\"),1000000000000000000000000000000,1e+100,-0.0,'\\ud800',]");
}

TEST_F(SandboxTest, IntegersOfAllSizesArriveExactly) {
  const char* program = "def f(*given): return given == (";
  std::string expected;
  for (const int bits : {0, 1, 14, 15, 16, 29, 30, 31, 32, 45, 62, 63, 64, 65, 120, 1000, 20000}) {
    for (const char* more : {"-1", "+0", "+1"}) {
      for (const char* sign : {"", "-"}) {
        expected += fmt::format("{}(2**{}{}),", sign, bits, more);
      }
    }
  }
  const Execution made = run_call("def f(): return (" + expected + ")\n", "f", "()");
  ASSERT_TRUE(made.returned) << describe(made);
  const Execution e = run_call(program + expected + ")\n", "f", *made.returned);
  EXPECT_EQ(e.returned, "True") << describe(e);
}

TEST_F(SandboxTest, AMillionArgumentsTakeTheMemoryOfTheirValues) {
  std::string numbers = "([";
  for (int i = 0; i < 1000000; ++i) numbers += std::to_string(i) + ",";
  Limits limits;
  limits.memory_bytes = int64_t{128} << 20;
  const Execution e = run_call("def f(a): return len(a) + a[-1]\n", "f", numbers + "],)", limits);
  EXPECT_EQ(e.returned, "1999999") << describe(e);
}

TEST_F(SandboxTest, ArgumentsThatAreNoLiteralAreRefused) {
  const Execution e = run_call("def f(a): return a\n", "f", "(print(1),)");
  EXPECT_EQ(e.end, End::refused) << describe(e);
  EXPECT_NE(e.error.find("no Python literal"), std::string::npos) << describe(e);
}

TEST_F(SandboxTest, ACallMayBeOfAMethod) {
  const Execution e = run_call("class Solution:\n    def twice(self, x):\n        return 2 * x\n",
                               "Solution().twice", "(21,)");
  EXPECT_EQ(e.returned, "42") << describe(e);
}

TEST_F(SandboxTest, ACalledProgramIsNotMain) {
  const Execution e = run_call(
      "def f():\n    return __name__\nif __name__ == '__main__':\n    raise SystemExit(1)\n", "f",
      "()");
  EXPECT_EQ(e.returned, "'solution'") << describe(e);
}

TEST_F(SandboxTest, AValueThatIsNotPlainIsNoValue) {
  for (const char* value :
       {"object()", "(i for i in [1])", "lambda: 1", "type('T', (int,), {})(3)", "b'x'", "1j",
        "__import__('collections').OrderedDict(a=1)", "__import__('collections').Counter('a')",
        "[type('S', (str,), {})('x')]", "frozenset()", "__import__('fractions').Fraction(1, 2)",
        "{type('K', (str,), {})('x'): 1}", "range(3)", "10 ** 200000"}) {
    const Execution e = run_call(std::string("def f():\n    return ") + value + "\n", "f", "()");
    EXPECT_EQ(e.end, End::exited) << value << describe(e);
    EXPECT_FALSE(e.returned.has_value()) << value << describe(e);
    EXPECT_NE(e.error.find("the call has no value"), std::string::npos) << value << describe(e);
  }
}

TEST_F(SandboxTest, AValueWithoutEndIsNoValue) {
  const Execution loop =
      run_call("def f():\n    a = []\n    a.append(a)\n    return a\n", "f", "()");
  EXPECT_FALSE(loop.returned.has_value());
  EXPECT_EQ(loop.end, End::exited) << describe(loop);
  const Execution doubled =
      run_call("def f():\n    a = ['x' * 1000]\n    for _ in range(80): a = [a, a]\n    return a\n",
               "f", "()");
  EXPECT_FALSE(doubled.returned.has_value());
  EXPECT_EQ(doubled.end, End::exited) << describe(doubled);
}

TEST_F(SandboxTest, ACallThatNeverReturnsHasNoValue) {
  for (const char* body : {"raise ValueError", "raise SystemExit", "import os; os._exit(0)",
                           "import sys; sys.exit(0)"}) {
    const Execution e = run_call(std::string("def f():\n    ") + body + "\n", "f", "()");
    EXPECT_EQ(e.end, End::exited) << body;
    EXPECT_FALSE(e.returned.has_value()) << body << describe(e);
    EXPECT_NE(e.error.find("it did not return"), std::string::npos) << body << describe(e);
  }
  EXPECT_FALSE(run_call("g = 1\n", "f", "()").returned.has_value());
}

TEST_F(SandboxTest, WhatPythonDoesAtItsEndIsDone) {
  const Execution e = run_python(
      "import atexit, threading, time\n"
      "atexit.register(lambda: print('at exit'))\n"
      "out = open(1, 'w', closefd=False)\n"
      "threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()\n"
      "print('end')\n"
      "out.write('left open\\n')\n"
      "exit(4)\n");
  EXPECT_EQ(e.status, 4);
  EXPECT_EQ(e.output, "end\nthread\nat exit\nleft open\n") << describe(e);
}

TEST_F(SandboxTest, FinalizersAtTheEndFindTheGlobals) {
  const Execution e = run_python(
      "import sys\n"
      "greeting, count = 'bye', 0\n"
      "def say(*words): print(*words)\n"
      "class A:\n"
      "    def __init__(self, name): self.name = name\n"
      "    def __del__(self): say(greeting, self.name, sys.byteorder, count)\n"
      "log = [A('inner')]\n"
      "a = A('outer')\n");
  EXPECT_EQ(e.output, "bye outer little 0\nbye inner little 0\n") << describe(e);
  EXPECT_EQ(e.error, "");
}

TEST_F(SandboxTest, ExitStatusesAreTheInterpretersOwn) {
  EXPECT_EQ(run_python("import sys; sys.exit()").status, 0);
  EXPECT_EQ(run_python("import sys; sys.exit(300)").status, 300 & 0xff);
  const Execution e = run_python("import sys; sys.exit('words')");
  EXPECT_EQ(e.status, 1);
  EXPECT_EQ(e.error, "words\n");
  EXPECT_EQ(run_python("import os; os.abort()").end, End::signalled);
  EXPECT_EQ(run_python("import os; os.abort()").status, SIGABRT);
  EXPECT_EQ(run_python("import os; os.kill(os.getpid(), 15)").status, SIGTERM);
}

TEST_F(SandboxTest, InputIsReadInAllTheUsualWays) {
  for (const char* source :
       {"import sys\nprint(sys.stdin.read(), end='')", "print(open(0).read(), end='')",
        "import sys\nfor line in sys.stdin: print(line, end='')",
        "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())",
        "import os\nos.write(1, os.read(0, 100))", "print(open('/dev/stdin').read(), end='')",
        "print(input())\nprint(input())"}) {
    const Execution e = run_python(source, "one\ntwo \xc3\xa9\n");
    EXPECT_EQ(e.output, "one\ntwo \xc3\xa9\n") << source << describe(e);
  }
}

TEST_F(SandboxTest, BytesThatAreNotTextPassThrough) {
  const std::string bytes("a\0\xff\xfe\n", 5);
  EXPECT_EQ(run_python("print(input())", bytes).output, bytes);
}

TEST_F(SandboxTest, FilesAndArgumentsAreThere) {
  Job job;
  job.source =
      "import sys, os\nprint(sys.argv[1:], open('in/a.txt').read(), open('b').read(), "
      "sorted(os.listdir('.')))";
  job.files = {{"in/a.txt", "A"}, {"b", "B"}};
  job.arguments = {"x", "y z"};
  Execution e = shared_sandbox().run({job}).at(0);
  EXPECT_EQ(e.output, "['x', 'y z'] A B ['b', 'in']\n") << describe(e);
  job.language = Job::Language::cpp;
  job.source =
      "#include <fstream>\n#include <iostream>\nint main(int c, char** v) { std::string s; "
      "std::ifstream(v[1]) "
      ">> s; std::cout << c << v[0] << s; }";
  job.arguments = {"in/a.txt"};
  e = shared_sandbox().run({job}).at(0);
  EXPECT_EQ(e.output, "2./programA") << describe(e);
}

TEST_F(SandboxTest, RunsShareNothing) {
  const char* source =
      "import os, builtins, random\nprint(os.listdir('.'), os.listdir('/tmp'), hasattr(builtins, "
      "'mark'))\n"
      "builtins.mark = 1\nopen('f', 'w').write('x')\nopen('/tmp/g', 'w').write('x')\n"
      "open('/dev/shm/h', 'w').write('x')\n";
  EXPECT_EQ(run_python(source).output, "[] [] False\n");
  EXPECT_EQ(run_python(source).output, "[] [] False\n");
}

TEST_F(SandboxTest, TheSameProgramDoesTheSameTwice) {
  const char* source = "import random\nprint(random.random(), {'a', 'b', 'c', 'd'}, hash('x'))";
  EXPECT_EQ(run_python(source).output, run_python(source).output);
}

TEST_F(SandboxTest, SeveralJobsOnOneProgramAreCompiledOnce) {
  Job job;
  job.language = Job::Language::cpp;
  job.source =
      "#include <iostream>\nint main() { int n; std::cin >> n; std::cout << n + 1; }\n// once";
  std::vector<Job> jobs(40, job);
  for (size_t i = 0; i < jobs.size(); ++i) jobs[i].input = std::to_string(i);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Execution> all = shared_sandbox().run(jobs);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_EQ(all.size(), jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) EXPECT_EQ(all[i].output, std::to_string(i + 1));
  EXPECT_LT(seconds, 20);  // 40 compilations take longer
}

TEST_F(SandboxTest, ARunLeavesNoMarkOnItsProgramsFile) {
  Job job;
  job.language = Job::Language::cpp;
  job.source =
      "#include <fcntl.h>\n#include <stdio.h>\n#include <sys/stat.h>\n#include <sys/xattr.h>\n"
      "int main() {\n  struct stat s;\n  stat(\"/proc/self/exe\", &s);\n"
      "  char mark[8];\n"
      "  printf(\"%d %d %d\", s.st_mtime == 12345, (s.st_mode & 0777) == 0570,\n"
      "         (int)getxattr(\"/proc/self/exe\", \"user.mark\", mark, 8));\n"
      "  timespec t[2] = {{12345, 0}, {12345, 0}};\n"
      "  utimensat(AT_FDCWD, \"/proc/self/exe\", t, 0);\n"
      "  chmod(\"/proc/self/exe\", 0570);\n"
      "  setxattr(\"/proc/self/exe\", \"user.mark\", \"x\", 1, 0);\n}\n";
  for (const Execution& e : shared_sandbox().run({job, job, job})) {
    EXPECT_EQ(e.output, "0 0 -1") << describe(e);
  }
}

TEST_F(SandboxTest, ACompilerThatRunsOutIsACompileError) {
  for (const char* source : {"#include \"/dev/zero\"\nint main() {}\n",
                             "#pragma message \"x\"\n#include \"main.cc\"\n"}) {
    const Execution e = run_cpp(source);
    EXPECT_EQ(e.end, End::compile_error) << describe(e);
  }
}

TEST_F(SandboxTest, CommonModulesAndBuiltinsAreThere) {
  const Execution e = run_python(
      "import asyncio, multiprocessing, threading, subprocess, logging, unittest, sqlite3, ctypes\n"
      "import concurrent.futures as cf\n"
      "async def f():\n    await asyncio.sleep(0.01)\n    return 1\n"
      "print(asyncio.run(f()))\n"
      "print(sum(cf.ThreadPoolExecutor(3).map(lambda x: x * x, range(5))))\n"
      "print(subprocess.run(['/bin/echo', 'hi'], capture_output=True).stdout)\n"
      "with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, -2]))\n"
      "quit\nhelp\n");
  EXPECT_EQ(e.output, "1\n30\nb'hi\\n'\n[1, 2]\n") << describe(e);
}

TEST_F(SandboxTest, DeepRecursionOfHonestProgramsHasRoom) {
  EXPECT_EQ(run_python("import sys\nsys.setrecursionlimit(10**6)\n"
                       "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(50000))")
                .output,
            "50000\n");
  EXPECT_EQ(
      run_cpp("#include <cstdio>\n#include <cstdlib>\nint f(int n) { volatile char pad[64]; pad[0] "
              "= 1; return n == 0 ? 0 : "
              "pad[0] + f(n - 1); }\nint main(int c, char**) { printf(\"%d\", f(500000 * c)); }")
          .output,
      "500000");
}

TEST(SandboxPool, RunsAsManyJobsAtOnceAsItHasWorkers) {
  if (!sandbox_here().works) GTEST_SKIP() << "no sandbox here: " << sandbox_here().detail;
  const auto pool = start_sandbox(3, helper_path_for_tests());
  Job job;
  job.source = "import time\ntime.sleep(0.5)\nprint(input())";
  job.limits.wall_seconds = 20;
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(6);
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&, i] {
      Job mine = job;
      mine.input = std::to_string(i);
      outputs[i] = pool->run({mine}).at(0).output;
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i], std::to_string(i) + "\n");
  EXPECT_LT(seconds, 2.9);  // one after another: 3 s
}

TEST(SandboxPool, AMissingHelperIsAnError) {
  EXPECT_THROW(start_sandbox(1, "/nowhere/cohort-judge"), InputError);
  EXPECT_THROW(start_sandbox(0, helper_path_for_tests()), InputError);
  EXPECT_FALSE(sandbox_availability("/nowhere/cohort-judge").works);
  EXPECT_NE(sandbox_availability("/nowhere/cohort-judge").detail, "");
}

TEST(SandboxPool, AProgramThatIsNoHelperIsRefusedNotTrusted) {
  const auto pool = start_sandbox(1, "/bin/true");
  const Execution e = pool->run({Job{}}).at(0);
  EXPECT_EQ(e.end, End::refused);
  EXPECT_NE(e.error, "");
}

}  // namespace
}  // namespace cohort::judge
