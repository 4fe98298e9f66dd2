#include "rewards/code/checker.h"

#include <charconv>
#include <cmath>

namespace cohort::judge {

namespace {

using End = Execution::End;

constexpr double kCpuSeconds = 10;
constexpr int64_t kFileRoom = int64_t{1} << 20, kOutputBytes = int64_t{1} << 16;

// The whole output is one finite number, so that a checker which repeats what it reads proves
// nothing.
bool read_score(std::string_view output, double& score) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = output.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return false;
  output = output.substr(first, output.find_last_not_of(kBlanks) + 1 - first);
  const auto [end, error] = std::from_chars(output.data(), output.data() + output.size(), score);
  return error == std::errc() && end == output.data() + output.size() && std::isfinite(score);
}

// Python exits with 1 for an exception that nobody caught, too.
bool raised(const Checker& checker, const Execution& execution) {
  return checker.language == Job::Language::python &&
         ("\n" + execution.error).find("\nTraceback (most recent call last):\n") !=
             std::string::npos;
}

}  // namespace

RewardResult run_checker(Sandbox& sandbox, const Checker& checker, const StdioTest& test,
                         const std::string& output) {
  Job job{.language = checker.language, .source = checker.source};
  job.files = {{"input.txt", test.input}, {"answer.txt", test.output}, {"output.txt", output}};
  for (const auto& [name, content] : job.files) {
    job.arguments.push_back(name);
    job.limits.file_bytes += static_cast<int64_t>(content.size()) + kFileRoom;
  }
  job.limits.cpu_seconds = kCpuSeconds;
  job.limits.wall_seconds = 2 * kCpuSeconds + 1;
  job.limits.output_bytes = kOutputBytes;

  const Execution execution = sandbox.run({job})[0];
  const RewardResult right{.value = 1, .verdict = Verdict::correct};
  const RewardResult wrong{.verdict = Verdict::incorrect, .reason = Reason::wrong_output};
  if (execution.end == End::refused)
    return {.reason = Reason::sandbox_unavailable, .extracted = execution.error};
  if (execution.end == End::compile_error)
    return {.reason = Reason::problem_unreadable,
            .extracted = "the checker does not compile: " + execution.error};
  if (execution.end == End::exited && checker.result == Checker::Result::score &&
      execution.status == 0) {
    double score = 0;
    if (read_score(execution.output, score)) return score >= 1 ? right : wrong;
  } else if (execution.end == End::exited && checker.result == Checker::Result::exit_code) {
    if (execution.status == 0) return right;
    if (execution.status == 1 && !raised(checker, execution)) return wrong;
  }
  return {.verdict = Verdict::incorrect, .reason = Reason::checker_failed};
}

}  // namespace cohort::judge
