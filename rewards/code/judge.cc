#include "rewards/code/judge.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "rewards/code/assert_harness.h"
#include "rewards/code/checker.h"
#include "rewards/code/program.h"
#include "rewards/code/python_literal.h"

namespace cohort::judge {

namespace {

using End = Execution::End;

// With partial credit, how many tests may run out of time, or fail the checker, before the rest are
// taken to as well.
constexpr int kMaxTimeLimits = 3;
// The program's output may be this much longer than the expected one before it is cut off.
constexpr int64_t kOutputRoom = int64_t{1} << 20;

RewardResult wrong(Reason reason) {
  return {.value = 0, .verdict = Verdict::incorrect, .reason = reason};
}
RewardResult undecided(Reason reason, std::string why) {
  return {.value = 0, .verdict = Verdict::undecided, .reason = reason, .extracted = std::move(why)};
}

Limits make_limits(const CodeProblem& problem, const JudgeRules& rules) {
  Limits limits;
  limits.cpu_seconds = problem.limits.time_s.value_or(rules.time_limit_s);
  limits.wall_seconds = 2 * limits.cpu_seconds + 1;
  limits.memory_bytes = problem.limits.memory_mb.value_or(rules.memory_mb) << 20;
  return limits;
}

// What went wrong with a run, before any output is looked at; ok: nothing.
Reason reason_of(const Execution& execution) {
  switch (execution.end) {
    case End::exited:
      return execution.status == 0 ? Reason::ok : Reason::runtime_error;
    case End::signalled:
      return Reason::runtime_error;
    case End::time_limit:
      return Reason::time_limit;
    case End::memory_limit:
      return Reason::memory_limit;
    case End::output_limit:
      return Reason::output_limit;
    case End::compile_error:
      return Reason::compile_error;
    case End::refused:
      break;
  }
  return Reason::sandbox_unavailable;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

Reason judge_call(const CallTest& test, const Execution& execution) {
  if (!execution.returned) return Reason::no_value;
  if (meets(test.expected, *execution.returned)) return Reason::ok;
  // It printed its answer and returned nothing.
  const bool printed = *execution.returned == "None" && !is_blank(execution.output);
  return printed ? Reason::no_value : Reason::wrong_output;
}

void raise_output_limit(Job& job, size_t expected) {
  job.limits.output_bytes =
      std::max(job.limits.output_bytes, static_cast<int64_t>(expected) + kOutputRoom);
}

// The tests to run: at most max_tests, the first and the last among them.
std::vector<size_t> choose_tests(size_t count, int64_t max_tests) {
  const size_t chosen = max_tests > 0 ? std::min(count, static_cast<size_t>(max_tests)) : count;
  std::vector<size_t> tests(chosen);
  for (size_t i = 0; i < chosen; ++i) tests[i] = chosen == 1 ? 0 : i * (count - 1) / (chosen - 1);
  return tests;
}

class Judge {
 public:
  Judge(Sandbox& sandbox, const CodeProblem& problem, const std::string& code,
        const JudgeRules& rules)
      : sandbox_(sandbox), problem_(problem), rules_(rules) {
    job_.language = problem.language.value_or(rules.language);
    if (!problem.entry_point.empty()) job_.language = Job::Language::python;
    job_.source = make_program(problem, code);
    job_.limits = make_limits(problem, rules);
    entry_point_ = find_entry_point(problem.entry_point, job_.source);
    if (problem.usual_imports || entry_point_.starts_with("Solution()."))
      job_.source = with_usual_imports(job_.source);
  }

  RewardResult run() {
    if (problem_.weak_asserts) return run_weak(*problem_.weak_asserts);
    tests_ = choose_tests(test_count(), rules_.max_tests);
    std::vector<Job> jobs;
    for (const size_t test : tests_) jobs.push_back(make_job(test));
    // A checker takes a worker of its own: it has its turn when the program is done.
    const bool at_once = !problem_.checker;
    std::vector<Execution> executions = sandbox_.run(jobs, [&](Execution& execution) {
      if (at_once) return take(execution);
      const Reason reason = reason_of(execution);
      return reason == Reason::ok || may_go_on(reason);
    });
    if (!at_once) time_limits_ = 0;  // they are counted again
    for (size_t i = taken_; i < executions.size(); ++i)
      if (!take(executions[i])) break;
    if (decided_) return *decided_;
    if (passed_ == tests_.size()) return {.value = 1, .verdict = Verdict::correct};
    first_failure_.value = static_cast<double>(passed_) / static_cast<double>(tests_.size());
    return first_failure_;
  }

 private:
  size_t test_count() const {
    return problem_.entry_point.empty() ? problem_.stdio_tests.size() : problem_.call_tests.size();
  }

  Job make_job(size_t test) const {
    Job job = job_;
    if (problem_.entry_point.empty()) {
      job.input = problem_.stdio_tests[test].input;
      raise_output_limit(job, problem_.stdio_tests[test].output.size());
    } else {
      const CallTest& call = problem_.call_tests[test];
      job.call = Call{entry_point_, call.arguments};
      // A value has several spellings.
      raise_output_limit(job, 2 * to_literal(call.expected.value).size());
    }
    return job;
  }

  // Whether a test that fails for this reason leaves others to be run.
  bool may_go_on(Reason reason) {
    // A checker that failed may have run for as long as it may.
    if (reason == Reason::time_limit || reason == Reason::checker_failed) ++time_limits_;
    return rules_.partial_credit && reason != Reason::compile_error &&
           reason != Reason::sandbox_unavailable && time_limits_ < kMaxTimeLimits;
  }

  // Judges the next test's execution and lets go of its output; false when no other is needed.
  bool take(Execution& execution) {
    const size_t test = tests_[taken_++];
    RewardResult result = judge_run(test, execution);
    execution = {};
    if (result.verdict == Verdict::correct) return ++passed_, true;
    const bool of_a_test =
        result.verdict == Verdict::incorrect && result.reason != Reason::compile_error;
    if (of_a_test) result.test_case = static_cast<int32_t>(test) + 1;
    const bool more = may_go_on(result.reason);
    if (!rules_.partial_credit || !of_a_test)
      decided_ = std::move(result);
    else if (first_failure_.test_case == 0)
      first_failure_ = std::move(result);
    return more && !decided_;
  }

  RewardResult judge_run(size_t test, const Execution& execution) {
    if (execution.end == End::refused)
      return undecided(Reason::sandbox_unavailable, execution.error);
    Reason reason = reason_of(execution);
    if (reason == Reason::ok && !problem_.entry_point.empty())
      reason = judge_call(problem_.call_tests[test], execution);
    else if (reason == Reason::ok && problem_.checker)
      return run_checker(sandbox_, *problem_.checker, problem_.stdio_tests[test], execution.output);
    else if (reason == Reason::ok &&
             !same_output(problem_.stdio_tests[test].output, execution.output, problem_.mode,
                          problem_.tolerance))
      reason = Reason::wrong_output;
    if (reason != Reason::ok) return wrong(reason);
    return {.value = 1, .verdict = Verdict::correct};
  }

  RewardResult run_weak(const WeakAsserts& weak) {
    if (!rules_.weakly_isolated)
      return {.value = 0,
              .verdict = Verdict::not_applicable,
              .reason = Reason::weakly_isolated,
              .extracted = weak.not_plain};
    int64_t needed = 0;
    if (!problem_.reference.empty()) {
      const AssertRun reference = start_asserts(make_program(problem_, problem_.reference), weak);
      const Execution execution = sandbox_.run({reference.job})[0];
      if (execution.end == End::refused)
        return undecided(Reason::sandbox_unavailable, execution.error);
      const std::optional<int64_t> held = asserts_held(reference, execution);
      if (!held) return undecided(Reason::problem_unreadable, "the reference fails its own tests");
      needed = *held;
    }
    const AssertRun run = start_asserts(job_.source, weak);
    const Execution execution = sandbox_.run({run.job})[0];
    if (execution.end == End::refused)
      return undecided(Reason::sandbox_unavailable, execution.error);
    const std::optional<int64_t> held = asserts_held(run, execution);
    if (held && *held >= 1 && (needed == 0 || *held == needed))
      return {.value = 1, .verdict = Verdict::correct};
    const Reason reason = reason_of(execution);
    return wrong(reason == Reason::ok || reason == Reason::runtime_error ? Reason::wrong_output
                                                                         : reason);
  }

  AssertRun start_asserts(const std::string& program, const WeakAsserts& weak) const {
    return make_assert_run(program, problem_.prefix, weak.test_source, problem_.entry_point,
                           job_.limits);
  }

  Sandbox& sandbox_;
  const CodeProblem& problem_;
  const JudgeRules& rules_;
  Job job_;
  std::string entry_point_;
  std::vector<size_t> tests_;  // those to run
  size_t taken_ = 0, passed_ = 0;
  int time_limits_ = 0;
  RewardResult first_failure_;
  std::optional<RewardResult> decided_;
};

}  // namespace

RewardResult judge_code(Sandbox& sandbox, const CodeProblem& problem, const std::string& code,
                        const JudgeRules& rules) {
  return Judge(sandbox, problem, code, rules).run();
}

}  // namespace cohort::judge
