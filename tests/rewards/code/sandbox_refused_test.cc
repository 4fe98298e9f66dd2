// A machine that refuses namespaces, in the ways that machines do: nothing is run, one line says
// why, and no completion gets a verdict. The refusal is put on a child of this process alone.
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "rewards/code/code_reward.h"
#include "rewards/code/judge.h"
#include "tests/rewards/code/sandbox_fixture.h"

namespace cohort::judge {
namespace {

constexpr int kCannotBeMade = 3;  // this machine does not let a test refuse in this way

// As a container's profile does: `call` fails with EPERM where its first argument has all of
// `bits`.
bool refuse_call(uint32_t call, uint32_t bits) {
  // Little endian: the lower half of an argument comes first.
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
                        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{sizeof code / sizeof code[0], code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

bool put(const char* path, const std::string& text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  const bool done = file >= 0 && write(file, text.data(), text.size()) == ssize_t(text.size());
  if (file >= 0) close(file);
  return done;
}

bool refuse_user_namespaces() { return refuse_call(SYS_clone, CLONE_NEWUSER); }
bool refuse_mounts() { return refuse_call(SYS_mount, 0); }

// As an administrator does with user.max_user_namespaces, in a namespace of our own.
bool allow_no_more_namespaces() {
  const std::string user = std::to_string(geteuid()), group = std::to_string(getegid());
  return unshare(CLONE_NEWUSER) == 0 && put("/proc/self/setgroups", "deny") &&
         put("/proc/self/uid_map", "1000 " + user + " 1") &&
         put("/proc/self/gid_map", "1000 " + group + " 1") &&
         put("/proc/sys/user/max_user_namespaces", "0");
}

// Exits with 0 when nothing was run and all was said; else stderr has what was not.
[[noreturn]] void judge_where(bool (*refuse)(), const std::string& named) {
  if (!refuse()) _exit(kCannotBeMade);
  const std::string helper = helper_path_for_tests();
  int wrong = 0;
  const auto expect = [&wrong](bool holds, const std::string& what) {
    if (!holds) std::cerr << "not so: " << what << "\n";
    wrong += holds ? 0 : 1;
  };
  const Availability here = sandbox_availability(helper);
  expect(!here.works, "availability says that nothing works");
  expect(here.detail.find(named) != std::string::npos, "it names " + named + ": " + here.detail);
  expect(here.detail.find('\n') == std::string::npos, "in one line");

  const std::shared_ptr<Sandbox> sandbox = start_sandbox(1, helper);
  for (const Job::Language language : {Job::Language::python, Job::Language::cpp}) {
    Job job;
    job.language = language;
    job.source = "int main() {}";
    const Execution e = sandbox->run({job}).at(0);
    expect(e.end == End::refused && e.error == here.detail, "a job is refused: " + describe(e));
  }
  const std::string answer = R"({"tests": [{"input": "", "output": "1\n"}]})";
  for (const char* code : {"print(1)\n", "print(2)\n"}) {
    const RewardResult r = judge_code(*sandbox, read_problem(answer), code, {});
    expect(r.verdict == Verdict::undecided && r.reason == Reason::sandbox_unavailable &&
               r.extracted == here.detail,
           "a verdict is undecided: " + reason_text(r) + " " + r.extracted);
  }
  _exit(wrong == 0 ? 0 : 1);
}

void expect_said(bool (*refuse)(), const std::string& named) {
  if (!sandbox_here().works) GTEST_SKIP() << "no sandbox here: " << sandbox_here().detail;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) judge_where(refuse, named);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == kCannotBeMade) GTEST_SKIP() << "this refusal cannot be made here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(SandboxRefused, ByAFilterOnNewUserNamespaces) {
  expect_said(refuse_user_namespaces, "refuses namespaces (clone: Operation not permitted)");
}

TEST(SandboxRefused, ByALimitOfNone) {
  expect_said(allow_no_more_namespaces, "refuses namespaces (clone: No space left on device)");
}

TEST(SandboxRefused, ByAFilterOnMounts) {
  expect_said(refuse_mounts, "refuses a sandbox: private mounts: Operation not permitted");
}

}  // namespace
}  // namespace cohort::judge
