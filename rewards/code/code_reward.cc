#include "rewards/code/code_reward.h"

#include <mutex>

#include "core/base/error.h"
#include "rewards/code/code_text.h"

namespace cohort {

namespace {

using judge::CodeProblem;
using judge::Job;

constexpr size_t kMaxShown = 4096;

std::mutex sandbox_mutex;
std::shared_ptr<judge::Sandbox> process_sandbox;

RewardResult unreadable(std::string why) {
  return {.value = 0,
          .verdict = Verdict::undecided,
          .reason = Reason::problem_unreadable,
          .extracted = std::move(why)};
}

}  // namespace

void set_code_sandbox(std::shared_ptr<judge::Sandbox> sandbox) {
  const std::lock_guard lock(sandbox_mutex);
  process_sandbox = std::move(sandbox);
}

std::shared_ptr<judge::Sandbox> code_sandbox() {
  const std::lock_guard lock(sandbox_mutex);
  return process_sandbox;
}

void CodeReward::score_group(const RewardGroup& group, std::span<RewardResult> results) const {
  CodeProblem problem;
  std::string why;
  for (size_t i = 0; i < group.completions.size(); ++i) {
    const RewardInput& input = group.completions[i];
    // The completions of a prompt share their problem, which may be megabytes of tests.
    if (i == 0 || input.answer != group.completions[i - 1].answer) {
      why.clear();
      try {
        problem = judge::read_problem(input.answer);
      } catch (const InputError& error) {
        why = error.what();
      }
    }
    results[i] = why.empty() ? score(problem, input) : unreadable(why);
  }
}

RewardResult CodeReward::score(const CodeProblem& problem, const RewardInput& input) const {
  const Job::Language language = problem.language.value_or(rules_.language);
  const char* name = language == Job::Language::cpp ? "cpp" : "python";
  const std::optional<std::string> code =
      judge::code_of(input.completion, name, !problem.prefix.empty());
  if (!code) {
    const Reason reason = input.truncated ? Reason::truncated : Reason::no_code;
    return {.value = 0, .verdict = Verdict::incorrect, .reason = reason};
  }
  const std::shared_ptr<judge::Sandbox> sandbox = code_sandbox();
  if (!sandbox)
    return {.value = 0,
            .verdict = Verdict::undecided,
            .reason = Reason::sandbox_unavailable,
            .extracted = "no sandbox was started"};
  RewardResult result = judge::judge_code(*sandbox, problem, *code, rules_);
  if (result.extracted.empty()) result.extracted = code->substr(0, kMaxShown);
  return result;
}

RewardResult CodeReward::score_gold(const RewardInput& input) const {
  CodeProblem problem;
  try {
    problem = judge::read_problem(input.answer);
  } catch (const InputError& error) {
    return unreadable(error.what());
  }
  const std::shared_ptr<judge::Sandbox> sandbox = code_sandbox();
  if (problem.reference.empty() || !sandbox)
    return {.value = 1, .verdict = Verdict::correct, .reason = Reason::ok};
  return judge::judge_code(*sandbox, problem, problem.reference, rules_);
}

void CodeSettings::describe(Fields& f) {
  f.field("language", language, "Of problems that do not name theirs.", {"python", "cpp"});
  f.field("partial_credit", rules.partial_credit,
          "The value is the share of tests passed; else 1 when all are, and the first failure ends "
          "the run.");
  f.field("weakly_isolated", rules.weakly_isolated,
          "Also judge problems whose asserts are no plain data: expected values are then in the "
          "sandbox, in another process.");
  f.field("time_limit_s", rules.time_limit_s,
          "CPU seconds a test, where the problem sets none; the wall limit is twice that and 1.",
          between(0.1, 600));
  f.field("memory_mb", rules.memory_mb,
          "Memory of the whole process tree, where the problem sets none.", between_int(16, 65536));
  f.field("max_tests", rules.max_tests,
          "At most so many tests of a problem, spread over all; 0: all.", at_least_int(0));
}

std::unique_ptr<Reward> CodeSettings::make() const {
  judge::JudgeRules made = rules;
  made.language = language == "cpp" ? Job::Language::cpp : Job::Language::python;
  return std::make_unique<CodeReward>(made);
}

}  // namespace cohort
