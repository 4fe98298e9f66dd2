// cohort bench judge: what the sandbox adds to a test case. The cases do nothing, so that all their
// time is overhead; beside it the start of a bare interpreter, outside of any sandbox.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "launch/code_sandbox.h"
#include "launch/commands/bench.h"
#include "rewards/code/code_reward.h"

namespace cohort {
namespace {

using judge::Job;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

nlohmann::ordered_json spread(std::vector<double> times) {
  std::ranges::sort(times);
  double sum = 0;
  for (const double t : times) sum += t;
  const auto rounded = [](double ms) { return std::round(ms * 100) / 100; };
  return {{"mean_ms", rounded(sum / static_cast<double>(times.size()))},
          {"p50_ms", rounded(times[times.size() / 2])},
          {"p99_ms", rounded(times[times.size() * 99 / 100])}};
}

// One job a call of run(), as a problem with one test has it.
std::vector<double> time_jobs(judge::Sandbox& sandbox, const Job& job, int64_t cases) {
  std::vector<double> times;
  for (int64_t i = -5; i < cases; ++i) {  // five to warm up
    const auto start = Clock::now();
    const judge::Execution done = sandbox.run({job}).front();
    if (i >= 0) times.push_back(milliseconds_since(start));
    if (done.end != judge::Execution::End::exited || done.status != 0)
      throw_error<InputError>("a case that does nothing failed: {}", done.error);
  }
  return times;
}

std::vector<double> time_bare_python(int64_t cases) {
  std::vector<double> times;
  for (int64_t i = 0; i < cases; ++i) {
    const char* const arguments[] = {"/usr/bin/python3", "-I", "-S", "-c", "pass", nullptr};
    const auto start = Clock::now();
    pid_t child = 0;
    if (posix_spawn(&child, arguments[0], nullptr, nullptr, const_cast<char* const*>(arguments),
                    environ) != 0)
      throw_error<InputError>("/usr/bin/python3 cannot be started");
    int status = 0;
    waitpid(child, &status, 0);
    times.push_back(milliseconds_since(start));
  }
  return times;
}

// Programs that are compiled pay for that once a run() with all their tests: what is measured is a
// test more.
std::vector<double> time_cpp(judge::Sandbox& sandbox, int64_t cases) {
  const Job job{.language = Job::Language::cpp, .source = "int main() { return 0; }"};
  const std::vector<Job> jobs(static_cast<size_t>(cases), job);
  std::vector<double> times;
  for (const judge::Execution& done : sandbox.run(jobs)) times.push_back(done.wall_seconds * 1e3);
  return times;
}

int bench(int64_t cases) {
  require_code_sandbox();
  const std::shared_ptr<judge::Sandbox> sandbox = code_sandbox();
  const Job script{.source = "pass\n"};
  const Job call{.source = "def f(x):\n    return x\n",
                 .call = judge::Call{.entry_point = "f", .arguments = "(1,)"}};
  std::cout << nlohmann::ordered_json{{"system", "cohort"},
                                      {"cases", cases},
                                      {"python_script", spread(time_jobs(*sandbox, script, cases))},
                                      {"python_call", spread(time_jobs(*sandbox, call, cases))},
                                      {"cpp_run", spread(time_cpp(*sandbox, cases))},
                                      {"bare_python", spread(time_bare_python(cases))}}
                   .dump()
            << '\n';
  return 0;
}

}  // namespace

void add_bench_judge(CLI::App& bench_app, CommandContext& context) {
  auto cases = std::make_shared<int64_t>(200);
  CLI::App* command = bench_app.add_subcommand("judge", "Overhead of a sandboxed test case");
  command->add_option("--cases", *cases, "Cases of each kind")->check(at_least_one);
  command->callback([&context, cases] {
    start_code_sandbox(1);
    context.action = [cases](Communicator&) { return bench(*cases); };
  });
}

}  // namespace cohort
