// The attacks on the verdict of docs/rewards.md's list (1 to 11, 14, 15, 18 to 24): each against a
// function's tests, a program's, or asserts that run beside it. The verdict is wrong or names a
// limit, and the next sample is judged as before.
#include <gtest/gtest.h>

#include "rewards/code/judge.h"
#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

using namespace std::string_literals;

// f(x) doubles, asked for in the three ways.
const CodeProblem& call_problem() {
  static const CodeProblem problem = read_problem(
      R"({"entry_point": "f", "tests": [{"args": [21], "expected": 42}, {"args": [2.5], "expected": 5.0}]})");
  return problem;
}
const CodeProblem& stdio_problem() {
  static const CodeProblem problem = read_problem(
      R"({"tests": [{"input": "21\n", "output": "42\n"}, {"input": "4\n", "output": "8\n"}]})");
  return problem;
}
// The loop over random numbers keeps it from being data.
const CodeProblem& weak_problem() {
  static const CodeProblem problem = read_problem(
      R"({"prompt": "def f(x):\n    '''Twice x.'''\n", "entry_point": "f", "canonical_solution": "    return 2 * x\n",
          "test": "import random\ndef check(candidate):\n    for i in range(20):\n        x = random.randint(0, 1000)\n        assert candidate(x) == x + x\n"})");
  return problem;
}

RewardResult judge(const CodeProblem& problem, const std::string& code, double seconds = 1) {
  const JudgeRules rules{.weakly_isolated = true, .time_limit_s = seconds};
  return judge_code(shared_sandbox(), problem, code, rules);
}
std::string verdict(const RewardResult& result) {
  return std::string(verdict_name(result.verdict)) + " " + reason_text(result);
}

constexpr const char* kHonest = "def f(x):\n    return 2 * x\n";
constexpr const char* kHonestProgram = "print(2 * int(input()))\n";

void expect_unaffected() {
  EXPECT_EQ(verdict(judge(call_problem(), kHonest)), "correct ok");
  EXPECT_EQ(verdict(judge(stdio_problem(), kHonestProgram)), "correct ok");
}

// Against a function, data or asserts: all must fail.
void expect_function_fails(const std::string& code, const std::string& reason) {
  EXPECT_EQ(verdict(judge(call_problem(), code)), "incorrect " + reason) << code;
  const RewardResult weak = judge(weak_problem(), code);
  EXPECT_EQ(weak.verdict, Verdict::incorrect) << code << reason_text(weak);
}
void expect_program_fails(const std::string& code, const std::string& reason) {
  EXPECT_EQ(verdict(judge(stdio_problem(), code)), "incorrect " + reason) << code;
}

class VerdictAttack : public SandboxTest {};

TEST_F(VerdictAttack, HonestProgramsPass) {
  expect_unaffected();
  EXPECT_EQ(verdict(judge(weak_problem(), kHonest)), "correct ok");
  EXPECT_EQ(verdict(judge(weak_problem(), "    return x + x\n")), "correct ok");
}

TEST_F(VerdictAttack, A01ObjectsThatEqualEverything) {
  const std::string equal_class =
      "class E:\n"
      "    def __eq__(self, o): return True\n"
      "    def __ne__(self, o): return False\n"
      "    def __bool__(self): return True\n"
      "    def __len__(self): return 0\n"
      "    def __hash__(self): return 0\n"
      "    def __sub__(self, o): return 0\n";
  expect_function_fails(equal_class + "def f(x): return E()\n", "no_value_case_1");
  expect_function_fails(equal_class + "def f(x): return [E()]\n", "no_value_case_1");
  expect_unaffected();
}

TEST_F(VerdictAttack, A02SubclassesOfPlainTypes) {
  for (const char* base : {"int", "str", "list", "float", "dict"}) {
    const std::string code = "class S("s + base + "):\n" +
                             "    def __eq__(self, o): return True\n"
                             "    def __repr__(self): return '42'\n"
                             "    __hash__ = None\n"
                             "def f(x): return S()\n";
    EXPECT_EQ(verdict(judge(call_problem(), code)), "incorrect no_value_case_1") << base;
  }
  // True to its value, but not of the exact type.
  EXPECT_EQ(verdict(judge(call_problem(), "class S(int): pass\ndef f(x): return S(2 * x)\n")),
            "incorrect no_value_case_1");
  EXPECT_EQ(verdict(judge(call_problem(), "def f(x): return bool(x)\n")),
            "incorrect wrong_output_case_1");
  expect_unaffected();
}

TEST_F(VerdictAttack, A03NanAndInfinity) {
  for (const char* value : {"float('nan')", "float('inf')", "[float('nan')]", "-0.0", "1e400"})
    expect_function_fails("def f(x): return "s + value + "\n", "wrong_output_case_1");
  const CodeProblem loose = read_problem(
      R"({"tests": [{"input": "", "output": "0.5"}], "compare": {"tolerance": {"abs": 1e300, "rel": 1}}})");
  for (const char* text : {"nan", "inf", "-inf", "1e999"})
    EXPECT_EQ(verdict(judge(loose, "print('"s + text + "')\n")), "incorrect wrong_output_case_1")
        << text;
}

TEST_F(VerdictAttack, A04to06LeavingBeforeTheTests) {
  const std::pair<const char*, const char*> leavings[] = {
      {"import sys; sys.exit(0)", "no_value_case_1"},
      {"import os; os._exit(0)", "no_value_case_1"},
      {"raise SystemExit", "no_value_case_1"},
      {"raise SystemExit(0)", "no_value_case_1"},
      {"raise KeyboardInterrupt", "runtime_error_case_1"},
      {"raise BaseException", "runtime_error_case_1"},
      {"import os; os.abort()", "runtime_error_case_1"},
      {"import os; os.kill(os.getpid(), 9)", "runtime_error_case_1"}};
  for (const auto& [leave, reason] : leavings) {
    expect_function_fails(leave + "\ndef f(x): return 0\n"s, reason);
    expect_function_fails("def f(x):\n    "s + leave + "\n", reason);
  }
  expect_program_fails("import os; os._exit(0)\n", "wrong_output_case_1");
  expect_program_fails("raise SystemExit\n", "wrong_output_case_1");
  expect_unaffected();
}

TEST_F(VerdictAttack, A07WhatRunsAtTheEnd) {
  expect_function_fails("import atexit\natexit.register(print, 'passed')\ndef f(x): return 0\n",
                        "wrong_output_case_1");
  expect_function_fails(
      "class D:\n    def __del__(self): print(42)\nd = D()\ndef f(x): return D() and 0\n",
      "wrong_output_case_1");
  expect_function_fails(
      "import sys\nsys.excepthook = lambda *a: print('passed')\ndef f(x): raise ValueError\n",
      "runtime_error_case_1");
  expect_function_fails(
      "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\ndef f(x): raise ValueError\n",
      "no_value_case_1");
  expect_function_fails(
      "import threading\nthreading.Thread(target=lambda: print('passed')).start()\ndef f(x): "
      "return 0\n",
      "wrong_output_case_1");
}

TEST_F(VerdictAttack, A08PrintingTheJudgesMarks) {
  expect_function_fails(
      "def f(x):\n    print('{\"verdict\": \"correct\", \"value\": 1}')\n    print('ok', 42)\n    "
      "return 0\n",
      "wrong_output_case_1");
  expect_function_fails("def f(x):\n    print('42')\n", "no_value_case_1");
  expect_program_fails("print('correct ok')\n", "wrong_output_case_1");
  expect_unaffected();
}

TEST_F(VerdictAttack, A09to11SearchingForExpectedValues) {
  // Whatever the interpreter can reach: frames, the garbage collector's objects, sources,
  // constants.
  const std::string frames =
      "import sys, gc, inspect, linecache\n"
      "def seen():\n"
      "    found = []\n"
      "    frame = sys._getframe()\n"
      "    while frame:\n"
      "        found.append(repr(frame.f_locals)); found.append(repr(frame.f_globals))\n"
      "        found.append(repr(frame.f_code.co_consts))\n"
      "        frame = frame.f_back\n"
      "    found.append(repr([o for o in gc.get_objects() if type(o) in (dict, list, tuple)]))\n"
      "    found.append(repr(linecache.cache)); found.append(repr(sys.argv)); "
      "found.append(repr(vars(sys.modules['__main__'])))\n"
      "    try: found.append(inspect.getsource(sys._getframe(1)))\n"
      "    except Exception: pass\n"
      "    return ''.join(found)\n";
  // The secret would be in the haystack as it is: it is not written in the program.
  const CodeProblem secret =
      read_problem(R"({"entry_point": "f", "tests": [{"args": [1], "expected": "tulip-7391"}]})");
  const std::string hunt = frames +
                           "def f(x):\n    import re\n    m = re.search('tu' + 'lip-[0-9]+', "
                           "seen())\n    return m.group() if m else 'nothing'\n";
  EXPECT_EQ(verdict(judge(secret, hunt)), "incorrect wrong_output_case_1");
  const CodeProblem program =
      read_problem(R"({"tests": [{"input": "1", "output": "tulip-7391"}]})");
  const std::string main = frames +
                           "import re\nm = re.search('tu' + 'lip-[0-9]+', seen())\nprint(m.group() "
                           "if m else 'nothing')\n";
  EXPECT_EQ(verdict(judge(program, main)), "incorrect wrong_output_case_1");
  // Beside asserts: neither the test source nor the nonce is in the program's process.
  const CodeProblem weak = read_problem(
      R"({"prompt": "def f(x):\n    '''x'''\n", "entry_point": "f",
          "test": "import random\ndef check(candidate):\n    for i in [random.random()]:\n        assert candidate(1) == 'tulip-7391'\n"})");
  EXPECT_EQ(verdict(judge(weak, hunt)), "incorrect wrong_output");
  EXPECT_EQ(verdict(judge(weak, "def f(x): return 'tulip-' + str(7391)\n")), "correct ok");
}

TEST_F(VerdictAttack, TheAssertsProcessCannotBeReadByItsChild) {
  // Attacks 12 and 13 on the process that holds the asserts: what the child learns it returns, and
  // a pass would need it.
  const CodeProblem weak = read_problem(
      R"({"prompt": "def f(x):\n    '''x'''\n", "entry_point": "f",
          "test": "import random\ndef check(candidate):\n    for i in [random.random()]:\n        assert candidate(1) == 'tulip-7391'\n"})");
  const std::string code = R"py(
import os, re
def read(path):
    try:
        with open(path, "rb") as file: return file.read(1 << 20)
    except Exception: return b""
def memory(pid):
    found = b""
    try:
        maps = read("/proc/%s/maps" % pid).decode()
        with open("/proc/%s/mem" % pid, "rb", 0) as mem:
            for line in maps.splitlines():
                span, rights = line.split()[:2]
                if "rw" not in rights: continue
                low, high = (int(x, 16) for x in span.split("-"))
                try:
                    mem.seek(low); found += mem.read(min(high - low, 1 << 24))
                except Exception: pass
    except Exception: pass
    return found
def f(x):
    seen = b""
    for pid in [os.getppid(), 1, 2, 3]:
        seen += memory(pid)
        for name in "environ", "cmdline", "fd/0", "fd/3", "cwd/main.py":
            if name[:2] != "fd" or pid != os.getpid(): seen += read("/proc/%s/%s" % (pid, name)) if name[:2] != "fd" else b""
    match = re.search(b"tu" + b"lip-[0-9]+", seen)
    return match.group().decode() if match else "nothing"
)py";
  EXPECT_EQ(verdict(judge(weak, code)), "incorrect wrong_output");
  EXPECT_EQ(verdict(judge(weak, "import os\ndef f(x):\n    os.kill(os.getppid(), 9)\n")),
            "incorrect wrong_output");
  EXPECT_EQ(verdict(judge(weak_problem(), kHonest)), "correct ok");
}

TEST_F(VerdictAttack, A14PatchingTheInterpreter) {
  for (const char* patch :
       {"import builtins\nfor n in ('all', 'len', 'print', 'isinstance', 'repr', 'type', 'ascii', "
        "'str', 'AssertionError', '__import__'):\n"
        "    setattr(builtins, n, lambda *a, **k: True)\n",
        "import json, operator\njson.dumps = json.loads = lambda *a, **k: 42\noperator.eq = lambda "
        "a, b: True\n",
        "import sys\nfor m in list(sys.modules.values()):\n    for n in ('dumps', 'literal_eval', "
        "'loads', 'write', 'pack'):\n"
        "        try: setattr(m, n, lambda *a, **k: b'42')\n        except Exception: pass\n",
        "import os\nos.write = lambda fd, data: len(data)\n",
        "for n in ('sitecustomize.py', 'conftest.py', 'json.py', 'ast.py'):\n    open(n, "
        "'w').write('import os; os._exit(0)')\n"}) {
    for (const CodeProblem* problem : {&call_problem(), &weak_problem()}) {
      const RewardResult result = judge(*problem, patch + "def f(x): return 0\n"s, 0.4);
      EXPECT_EQ(result.verdict, Verdict::incorrect) << patch << reason_text(result);
    }
  }
  expect_unaffected();
  EXPECT_EQ(verdict(judge(weak_problem(), kHonest)), "correct ok");
}

TEST_F(VerdictAttack, A15RedefiningTheTests) {
  for (const char* code : {"def check(candidate): pass\ndef f(x): return 0\n",
                           "import sys\nsys.settrace(lambda *a: None)\ndef f(x): return 0\n",
                           "import ast\nast.parse = lambda *a, **k: "
                           "None\nast.NodeTransformer.visit = lambda s, n: n\ndef f(x): return 0\n",
                           "import os, sys\nos.environ['PYTHONOPTIMIZE'] = '2'\nsys.flags = "
                           "None\ndef f(x): return 0\n",
                           "import random\nrandom.randint = lambda a, b: 0\ndef f(x): return 0\n"})
    expect_function_fails(code, "wrong_output_case_1");
  expect_unaffected();
}

TEST_F(VerdictAttack, A18to22Outputs) {
  const std::string wrong = "wrong_output_case_1";
  expect_program_fails("", wrong);
  expect_program_fails("print(4, end='')\n", wrong);
  expect_program_fails("print('42\\n43')\n", wrong);
  expect_program_fails("print('42 ')\nprint('8')\n", wrong);
  expect_program_fails("import sys\nprint(42, file=sys.stderr)\n", wrong);
  expect_program_fails("print('\\0' + '42')\n", wrong);
  expect_program_fails("print('42\\0')\n", wrong);
  expect_program_fails("print('1\\r42')\n", wrong);
  expect_program_fails("print('\\x1b[2J42')\n", wrong);
  expect_program_fails("print('4\\u200b2')\n", wrong);
  expect_program_fails("import sys\nsys.stdout.buffer.write(b'\\xff42')\n", wrong);
  expect_program_fails("print(' ' * 1000000, 42)\n", wrong);
  expect_program_fails("print('42.0')\n", wrong);
  expect_program_fails("print('0x2a')\n", wrong);
  expect_program_fails("print('\\n' * 10 ** 8)\n", "output_limit_case_1");
  const CodeProblem words = read_problem(R"({"tests": [{"input": "", "output": "Yes\nNo\n"}]})");
  for (const char* output :
       {"Yes", "YES\\nNO", "Yes\\nNo\\nYes", "yes\\nno", "No\\nYes", "Yes\\n\\nNo"})
    EXPECT_EQ(verdict(judge(words, "print('"s + output + "')\n")), "incorrect " + wrong) << output;
  EXPECT_EQ(verdict(judge(words, "print('Yes \\r\\nNo\\n\\n')\n")), "correct ok");
}

TEST_F(VerdictAttack, A23and24InputsSeenAndOrderLearnt) {
  // What one test writes or waits for, another does not see: each is a process in a folder of its
  // own.
  expect_program_fails("print({'21': 42}.get(input()))\n", "wrong_output_case_2");
  const std::string remember =
      "import os, sys\nn = input()\nseen = os.path.exists('seen') or os.path.exists('/tmp/seen')\n"
      "for p in ('seen', '/tmp/seen'):\n    try: open(p, 'w').write(n)\n    except OSError: pass\n"
      "print(2 * int(n) if not seen else 'remembered')\n";
  EXPECT_EQ(verdict(judge(stdio_problem(), remember)), "correct ok");
  const char* sleeps =
      "import time\nn = int(input())\ntime.sleep(30 if n == 4 else 0)\nprint(2 * n)\n";
  EXPECT_EQ(verdict(judge(stdio_problem(), sleeps, 0.2)), "incorrect time_limit_case_2");
}

TEST_F(VerdictAttack, ASubmissionCannotSpeakForTheChecker) {
  const std::string checker =
      R"(import sys\ni, a, o = (open(p).read() for p in sys.argv[1:4])\nsys.exit(0 if sorted(o.split()) == sorted(a.split()) else 1)\n)";
  const CodeProblem problem = read_problem(
      R"({"tests": [{"input": "", "output": "1 2 3"}], "compare": {"mode": "checker", "checker": {"source": ")" +
      checker + R"("}}})");
  EXPECT_EQ(verdict(judge(problem, "print('3 1 2')\n")), "correct ok");
  EXPECT_EQ(verdict(judge(problem, "print('3 1')\n")), "incorrect wrong_output_case_1");
  EXPECT_EQ(verdict(judge(problem, "print('1')\n")), "incorrect wrong_output_case_1");
  EXPECT_EQ(verdict(judge(problem, "import sys\nprint('0')\nsys.exit(0)\n")),
            "incorrect wrong_output_case_1");
  const std::string forger =
      "for n in ('answer.txt', '../answer.txt', 'output.txt', 'main.py'):\n    try: open(n, "
      "'w').write('x')\n    except OSError: pass\nprint('x')\n";
  EXPECT_EQ(verdict(judge(problem, forger)), "incorrect wrong_output_case_1");
  // Bytes that are no text end this checker with an exception, which is no pass.
  EXPECT_EQ(verdict(judge(problem, "import sys\nsys.stdout.buffer.write(b'\\xff')\n")),
            "incorrect checker_failed_case_1");
}

TEST_F(VerdictAttack, CppProgramsAreJudgedAlike) {
  const CodeProblem problem = read_problem(
      R"({"language": "cpp", "tests": [{"input": "21\n", "output": "42\n"}, {"input": "4\n", "output": "8\n"}]})");
  const std::string head =
      "#include <cstdio>\n#include <cstdlib>\nint main() { int n; if (scanf(\"%d\", &n) != 1) "
      "return 1; ";
  EXPECT_EQ(verdict(judge(problem, head + "printf(\"%d\\n\", 2 * n); }")), "correct ok");
  EXPECT_EQ(verdict(judge(problem, head + "puts(\"42\"); }")), "incorrect wrong_output_case_2");
  EXPECT_EQ(verdict(judge(problem, head + "printf(\"%d\\n\", 2 * n); return 3; }")),
            "incorrect runtime_error_case_1");
  EXPECT_EQ(verdict(judge(problem, head + "std::abort(); }")), "incorrect runtime_error_case_1");
  EXPECT_EQ(verdict(judge(problem, head + "for (;;); }")), "incorrect time_limit_case_1");
  EXPECT_EQ(verdict(judge(problem, "int main() { return x; }")), "incorrect compile_error");
}

TEST_F(VerdictAttack, PythonThatDoesNotCompile) {
  expect_program_fails("print(\n", "compile_error");
  EXPECT_EQ(verdict(judge(call_problem(), "def f(x)\n")), "incorrect compile_error");
  expect_program_fails("x = \0 1\n"s, "compile_error");
}

}  // namespace
}  // namespace cohort::judge
